"""The Chalice application: registers the blueprints and the middleware."""

from __future__ import annotations

from chalice.app import Chalice

from chalicelib.api import (
    console,
    controls,
    documents,
    fleet,
    health,
    job_orders,
    jobs,
    load_balancers,
    overview,
    schedule,
    schedules,
    servers,
    tokens,
    upstreams,
    webhooks,
)
from chalicelib.api.middleware import answer_request

app = Chalice(app_name="bellpull", configure_logs=False)
app.api.binary_types = []  # everything is JSON, and Chalice asks for Accept where it is not
app.register_middleware(answer_request, "http")
for module in (
    jobs,
    job_orders,
    schedules,
    load_balancers,
    servers,
    webhooks,
    fleet,
    controls,
    upstreams,
    overview,
    tokens,
    health,
    documents,
    console,
    schedule,
):
    app.register_blueprint(module.blueprint)
