"""Jobs of the credits app."""

from common.jobs import task
from credits.domain import certificates, history, runs, transcripts


@task
def render_certificate(certificate_id: int) -> None:
    """Render and issue one certificate."""
    certificates.render(certificate_id)


@task
def render_transcript(document_id: int) -> None:
    """Render one transcript."""
    transcripts.render(document_id)


@task
def work_on_certificates(run_id: int) -> None:
    """Do the next slice of work over many certificates."""
    runs.work(run_id)


@task
def bind_certificates(run_id: int) -> None:
    """Put the certificates of a run into one file."""
    runs.bind(run_id)


@task
def sweep_certificate_runs() -> None:
    """Delete files whose days are over, and runs that nobody confirmed."""
    runs.sweep()


@task
def make_record(export_id: int) -> None:
    """Write the copy of a person's record."""
    history.make(export_id)


@task
def sweep_records() -> None:
    """Delete copies of records whose days are over."""
    history.sweep()
