"""The learner's evaluation."""

from django.urls import path

from evaluations.views import learner

app_name = "evaluations"
urlpatterns = [path("activities/<str:number>/evaluation/", learner.evaluation_answer, name="evaluation_answer")]
