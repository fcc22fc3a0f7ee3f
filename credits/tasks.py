"""Jobs of the credits app."""

from common.jobs import task
from credits.domain import certificates, transcripts


@task
def render_certificate(certificate_id: int) -> None:
    """Render and issue one certificate."""
    certificates.render(certificate_id)


@task
def render_transcript(document_id: int) -> None:
    """Render one transcript."""
    transcripts.render(document_id)
