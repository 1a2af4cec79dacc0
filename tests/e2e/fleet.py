"""Drives a fleet of real worker processes on one database and one SQS."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import boto3
import msgspec
import pytest
from celery import Celery
from sqlalchemy import Engine, Row, select

from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.message import encode_bell
from chalicelib.broker.queues import DEFAULT, QUEUES, dead_letter_queue
from chalicelib.broker.sqs import get_sqs
from chalicelib.db.engine import connect, get_engine, in_transaction, make_engine
from chalicelib.db.tables import attempts, jobs, workers
from chalicelib.services.jobs import insert_job, make_bell_of  # noqa: F401
from chalicelib.settings import get_settings
