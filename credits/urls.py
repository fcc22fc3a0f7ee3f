"""The learner's flow, the transcript, verification."""

from django.urls import path

from credits.views import claim, external, learner, requirements, runs, shares, topics, transcript, verify, why

app_name = "credits"
urlpatterns = [
    path("", learner.home, name="home"),
    path("check-in/", learner.check_in, name="check_in"),
    path("in/<str:code>/", learner.check_in_by_qr, name="check_in_by_qr"),
    path("now/<str:token>/", learner.check_in_by_screen, name="check_in_by_screen"),
    path("sessions/<int:pk>/checked-in/", learner.checked_in, name="checked_in"),
    path("activities/<str:number>/claim/", claim.claim, name="claim"),
    path("claims/<int:pk>/", learner.claimed, name="claimed"),
    path("certificates/<str:code>/", learner.certificate, name="certificate"),
    path("missing-credit/", why.pick, name="why"),
    path("missing-credit/<int:pk>/", why.session, name="why_session"),
    path("activities/<str:number>/missing-credit/<int:pk>/<int:person_id>/", why.of_person, name="why_of_person"),
    path("activities/<str:number>/claim-requests/", why.claim_requests, name="claim_requests"),
    path("activities/<str:number>/certificates/", runs.certificate_runs_of, name="certificate_runs_of"),
    path("certificate-runs/", runs.certificate_runs, name="certificate_runs"),
    path("certificate-runs/<int:pk>/", runs.certificate_run, name="certificate_run"),
    path("certificate-runs/<int:pk>/file/", runs.certificate_run_file, name="certificate_run_file"),
    path("transcript/", transcript.transcript, name="transcript"),
    path("transcript.pdf", transcript.transcript_make, name="transcript_make"),
    path("transcript.csv", transcript.transcript_csv, name="transcript_csv"),
    path("transcript.json", transcript.transcript_json, name="transcript_json"),
    path("transcript/certificates/", transcript.transcript_certificates, name="transcript_certificates"),
    path("transcript/links/", shares.transcript_shares, name="transcript_shares"),
    path("transcript/links/preview/", shares.transcript_share_preview, name="transcript_share_preview"),
    path("transcript/links/<int:pk>/end/", shares.transcript_share_end, name="transcript_share_end"),
    path("shared/transcript/<str:token>/", shares.transcript_shared, name="transcript_shared"),
    path("transcript/elsewhere/", external.external_add, name="external_add"),
    path("transcript/elsewhere/<int:pk>/", external.external_change, name="external_change"),
    path("transcript/elsewhere/<int:pk>/remove/", external.external_remove, name="external_remove"),
    path("transcript/elsewhere/<int:pk>/restore/", external.external_restore, name="external_restore"),
    path("transcript/elsewhere/<int:pk>/proof/", external.external_proof, name="external_proof"),
    path("transcript/requirements/", requirements.requirement_list, name="requirement_list"),
    path("transcript/requirements/<slug:code>/", requirements.requirement_change, name="requirement_change"),
    path("transcript/requirements/<slug:code>/remove/", requirements.requirement_remove, name="requirement_remove"),
    path("activities/<str:number>/topics/", topics.activity_topics, name="activity_topics"),
    path("transcript/<str:code>.pdf", transcript.transcript_file, name="transcript_file"),
    path("transcript/<str:code>/", transcript.transcript_document, name="transcript_document"),
    path("verify/", verify.verify, name="verify"),
    path("verify/<str:code>/", verify.verify_code, name="verify_code"),
]
