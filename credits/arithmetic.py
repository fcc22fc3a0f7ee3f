"""Minutes → credit (AMA-CALC-1): one place, Decimal only."""

from decimal import ROUND_DOWN, Decimal

QUARTER = Decimal("0.25")


def quarter_nearest(minutes: int) -> Decimal:
    """Credit for minutes of participation, to the nearest quarter hour, a tie up: 52 → 0.75, 53 → 1.00 (AMA-CALC-1)."""
    if minutes < 0:
        raise ValueError("minutes are not negative")
    return Decimal((2 * minutes + 15) // 30) * QUARTER


def hundredth_down(minutes: int) -> Decimal:
    """Hours with two decimals, never rounded up (ANCC-1)."""
    if minutes < 0:
        raise ValueError("minutes are not negative")
    return (Decimal(minutes) / 60).quantize(Decimal("0.01"), rounding=ROUND_DOWN)


ROUNDING = {"quarter_nearest": quarter_nearest, "hundredth_down": hundredth_down}


def to_credit(minutes: int, rounding: str) -> Decimal:
    """Round minutes by a credit type's own rule (IP-2). Raises KeyError for a rule nobody wrote."""
    return ROUNDING[rounding](minutes).quantize(Decimal("0.01"))
