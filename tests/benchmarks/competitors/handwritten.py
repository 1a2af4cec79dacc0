"""A Chalice app as one would write it by hand: boto3, SQLAlchemy Core, one route."""

from __future__ import annotations

import json
import os
import uuid

import boto3
from chalice.app import Chalice, Response
from sqlalchemy import create_engine, text

app = Chalice(app_name="handwritten")
engine = create_engine(os.environ["DATABASE_URL"])
sqs = boto3.client("sqs", endpoint_url=os.environ["SQS_ENDPOINT_URL"])

INSERT = text(
    "INSERT INTO jobs (id, project_id, task, queue, parameters, state, created_at, run_at,"
    " rung_at, attempts, max_attempts) VALUES (:id, 'bench', :task, 'default', :parameters,"
    " 'PENDING', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 0, 5)"
)


@app.route("/jobs", methods=["POST"])
def create_job() -> Response:
    """Insert the job, send its message, accept."""
    asked = app.current_request.json_body
    job_id, task, parameters = str(uuid.uuid4()), asked["task"], asked["parameters"]
    with engine.begin() as connection:
        values = {"id": job_id, "task": task, "parameters": json.dumps(parameters)}
        connection.execute(INSERT, values)
    body = json.dumps({"id": job_id, "task": task, "parameters": parameters})
    sqs.send_message(QueueUrl=os.environ["BENCH_QUEUE_URL"], MessageBody=body)
    return Response({"id": job_id}, {"Location": f"/jobs/{job_id}"}, 202)
