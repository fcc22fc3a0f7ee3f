"""Minutes → credit (AMA-CALC-1, IP-2): one place, whole numbers and Decimal only."""

from decimal import ROUND_CEILING, Decimal

ZERO = Decimal("0.00")
QUARTER = Decimal("0.25")
HOUR = 60

# How a credit type rounds (IP-2): parts of a unit, and whether to the nearest part (a tie up) or down.
ROUNDING: dict[str, tuple[int, bool]] = {
    "quarter_nearest": (4, True),
    "quarter_down": (4, False),
    "half_nearest": (2, True),
    "half_down": (2, False),
    "hundredth_down": (100, False),
}


def to_credit(minutes: int, rounding: str, hour: int = HOUR) -> Decimal:
    """Credit for minutes of participation by a credit type's own rule (IP-2); `hour` is the minutes of one unit.

    AMA-CALC-1: to the nearest quarter, a tie up: 52 → 0.75, 53 → 1.00. Raises KeyError for a rule nobody wrote.
    """
    parts, nearest = ROUNDING[rounding]
    if minutes < 0:
        raise ValueError("minutes are not negative")
    count = (2 * minutes * parts + hour) // (2 * hour) if nearest else minutes * parts // hour
    return (Decimal(count) / parts).quantize(ZERO)


def step(rounding: str) -> Decimal:
    """The smallest amount a rounding can give: 0.25, 0.50 or 0.01."""
    parts, _nearest = ROUNDING[rounding]
    return (Decimal(1) / parts).quantize(ZERO)


def minutes_for(value: Decimal, hour: int = HOUR, rounding: str = "quarter_nearest") -> int:
    """The minutes that an amount stands for when somebody chose it: 0.75 → 45.

    A begun minute is whole, so that a quarter gives the quarter again; in hundredths, which are finer than minutes, it is left
    out: nobody is granted more than they chose.
    """
    exact = value * hour
    return int(exact) if ROUNDING[rounding][0] == 100 else int(exact.to_integral_value(rounding=ROUND_CEILING))
