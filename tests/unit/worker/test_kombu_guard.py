"""Kombu, Celery and billiard have not changed where this project reaches into them.

When a new version does: read the change, look at the file named, put right what has to be,
then write the new number here.
"""

from __future__ import annotations

import hashlib
import inspect
from importlib import import_module

import pytest

#: Module -> name -> (first digits of the SHA-256 of its source, the file that relies on it).
KNOWN: dict[str, dict[str, tuple[str, str]]] = {
    "kombu.transport.SQS": {
        "Channel.__init__": ("a74bf9f64cd5", "worker/transport.py"),
        "Channel._schedule_queue": ("953f1ad1314e", "worker/transport.py"),
        "Channel._loop1": ("df5e4e1168ec", "worker/transport.py"),
        "Channel._get_bulk_async": ("f52cbb75b161", "worker/transport.py"),
        "Channel._get_async": ("8148f68087ab", "worker/transport.py"),
        "Channel._get_from_sqs": ("226be968ffe8", "worker/transport.py"),
        "Channel._get_message_estimate": ("6ad20d37c43d", "worker/transport.py"),
        "Channel._on_messages_ready": ("c947764eea94", "worker/transport.py"),
        "Channel._message_to_python": ("16d659e6d2a5", "worker/transport.py"),
        "Channel._decode_python_message_body": ("3267c0e770cb", "worker/transport.py"),
        "Channel._prepare_json_payload": ("f12838c2a3cc", "worker/transport.py"),
        "Channel._envelope_payload": ("2a17ebfd10df", "worker/transport.py"),
        "Channel.basic_consume": ("949b19b52aa8", "worker/transport.py"),
        "Channel.basic_cancel": ("9bdcc2fe60e3", "worker/transport.py"),
        "Channel.basic_ack": ("ea203438531f", "worker/transport.py"),
        "Channel.basic_reject": ("6055f0dfee5e", "worker/transport.py"),
        "Channel.asynsqs": ("66a72c972d14", "worker/transport.py"),
        "Channel.close": ("7be659a7c769", "worker/transport.py"),
        "Transport.__init__": ("8d1481862bb2", "worker/transport.py"),
    },
    "kombu.transport.virtual.base": {
        "Channel.basic_consume": ("0fec96269493", "worker/transport.py"),
        "Channel.basic_cancel": ("1beb5cf96c9a", "worker/transport.py"),
        "Channel.basic_ack": ("3b4278c757b4", "worker/transport.py"),
        "Channel.close": ("26368e1cadfc", "worker/transport.py"),
        "QoS.can_consume": ("787f80092f8d", "worker/transport.py"),
        "QoS.can_consume_max_estimate": ("936d3958266c", "worker/transport.py"),
        "QoS.append": ("b388f0cd6485", "worker/transport.py"),
        "QoS.ack": ("0714292b916f", "worker/transport.py"),
        "QoS._flush": ("33e6483a6075", "worker/transport.py"),
        "QoS.restore_unacked_once": ("c81f3d0fb29b", "worker/transport.py"),
        "Message.__init__": ("c90d08ccfa2e", "worker/transport.py"),
    },
    "kombu.asynchronous.http.curl": {
        "CurlClient.__init__": ("39c11b4e6d7b", "worker/receiving.py"),
        "CurlClient.close": ("c2d0e89c9ba5", "worker/receiving.py"),
        "CurlClient.add_request": ("285a4f718289", "worker/receiving.py"),
        "CurlClient._setup_request": ("0ce805b5cbde", "worker/receiving.py"),
        "CurlClient._set_timeout": ("bc8712727687", "worker/receiving.py"),
        "CurlClient._timeout_check": ("fdc710d43054", "worker/receiving.py"),
        "CurlClient._process": ("a618702d591d", "worker/receiving.py"),
        "CurlClient._process_pending_requests": ("a40cf409cce5", "worker/receiving.py"),
    },
    "kombu.asynchronous.aws.connection": {
        "AsyncAWSQueryConnection._on_list_ready": ("a04054ae42c0", "worker/receiving.py"),
    },
    "kombu.asynchronous.aws.sqs.connection": {
        "AsyncSQSConnection.__init__": ("da002483be2d", "worker/receiving.py"),
        "AsyncSQSConnection.receive_message": ("e413a00f21d4", "worker/receiving.py"),
        "AsyncSQSConnection.make_request": ("9c29bacdaa28", "worker/receiving.py"),
    },
    "celery.worker.consumer.consumer": {
        "Consumer.__init__": ("c27ca6ec2d4b", "worker/consuming.py"),
        "Consumer.on_close": ("e96d425dce0a", "worker/consuming.py"),
        "Consumer._limit_move_to_pool": ("accd812f0913", "worker/consuming.py"),
        "Consumer.create_task_handler": ("292c5a681f10", "worker/consuming.py"),
        "Consumer.on_decode_error": ("e3538c586a7f", "worker/consuming.py"),
        "Consumer.on_unknown_message": ("213bd3ee55cb", "worker/consuming.py"),
        "Consumer.on_unknown_task": ("35e6cbe56494", "worker/consuming.py"),
        "Consumer.on_invalid_task": ("9893e7a4eee3", "worker/consuming.py"),
    },
    "celery.worker.strategy": {
        "default": ("7d90575ada5e", "worker/request.py"),
        "hybrid_to_proto2": ("cead82ed73d8", "worker/request.py"),
        "proto1_to_proto2": ("bd94d28baaa6", "worker/request.py"),
    },
    "celery.worker.request": {
        "Request.execute_using_pool": ("7979562da58f", "worker/request.py"),
        "Request.on_accepted": ("7bd097a863da", "worker/request.py"),
        "Request.on_success": ("8d11e320facd", "worker/request.py"),
        "Request.acknowledge": ("60dad9ce9c39", "worker/request.py"),
        "Request.reject": ("08be2378bcc6", "worker/request.py"),
        "Request.__init__": ("efdf47149cde", "worker/request.py"),
        "Request.on_timeout": ("3d26ce896008", "worker/result_backend.py"),
        "Request.on_failure": ("21736ec661cd", "worker/result_backend.py"),
        "create_request_cls": ("871f30fe1cfe", "worker/request.py"),
    },
    "celery.worker.worker": {
        "WorkController._process_task": ("4ffb514847bd", "worker/request.py"),
    },
    "celery.worker.state": {
        "task_ready": ("ad25f2985520", "worker/request.py"),
        "task_reserved": ("d5a1d0414f0a", "worker/request.py"),
    },
    "celery.app.trace": {
        "fast_trace_task": ("52c76aab90e1", "worker/tasks/deferred.py"),
        "trace_task_ret": ("edf3530c917c", "worker/tasks/deferred.py"),
    },
    "celery.concurrency.asynpool": {
        "AsynPool.flush": ("a7671d710b57", "worker/prefork.py"),
        "AsynPool.WorkerProcess": ("8528109f1424", "worker/prefork.py"),
        "AsynPool.on_job_ready": ("89e682c38efd", "worker/prefork.py"),
        "AsynPool.process_flush_queues": ("2227d473b879", "worker/prefork.py"),
        "AsynPool._event_process_exit": ("74ca49c67049", "worker/prefork.py"),
        "AsynPool._help_stuff_finish": ("69cee3f7f6b4", "worker/prefork.py"),
        "AsynPool._process_cleanup_queues": ("5666c1c61162", "worker/prefork.py"),
        "AsynPool.destroy_queues": ("2099e0227a57", "worker/prefork.py"),
        "AsynPool.on_partial_read": ("99d11508d733", "worker/prefork.py"),
        "AsynPool.on_job_process_down": ("ac53c414f342", "worker/prefork.py"),
        "ResultHandler._make_process_result": ("0226429696d5", "worker/pool_results.py"),
        "ResultHandler._recv_message": ("b6e78ecaed72", "worker/pool_results.py"),
        "ResultHandler._flush_outqueue": ("d2324c1460e9", "worker/pool_results.py"),
        "ResultHandler.on_stop_not_started": ("be2d9711395c", "worker/pool_results.py"),
        "AsynPool._create_write_handlers": ("f5f9b8dc805b", "worker/prefork.py"),
        "AsynPool.register_with_event_loop": ("d4b2530818da", "worker/prefork.py"),
    },
    "billiard.pool": {
        "Worker.__reduce__": ("c5e2371617c3", "worker/prefork.py"),
        "Worker._make_child_methods": ("77aa0671e341", "worker/prefork.py"),
        "Worker.workloop": ("ce4a856cce2b", "worker/prefork.py"),
        "Pool.maintain_pool": ("3b0ca0451760", "worker/prefork.py"),
        "Pool._worker_active": ("c7d650608616", "worker/prefork.py"),
        "Pool._iterinactive": ("8f6a4d062a52", "worker/prefork.py"),
        "Pool._terminate_pool": ("575683fd31e6", "worker/prefork.py"),
        "Pool._create_worker_process": ("85a5752c0f78", "worker/prefork.py"),
        "Pool._join_exited_workers": ("c9b857c8a798", "worker/prefork.py"),
        "ApplyResult._ack": ("0a37099cfacc", "worker/prefork.py"),
    },
    "celery.concurrency.prefork": {
        "TaskPool.on_start": ("7fcf20251a65", "worker/prefork.py"),
    },
    "celery.bin.worker": {
        "WorkersPool.convert": ("9b9c0eb6dfe9", "worker/prefork.py"),
    },
    "kombu.asynchronous.hub": {
        "Hub.call_soon": ("ec0433083ce8", "worker/loop.py"),
        "Hub.create_loop": ("bc5b3f9d66b9", "worker/loop.py"),
    },
    "celery.backends.base": {
        "Backend.store_result": ("2e526cc38f60", "worker/result_backend.py"),
        "Backend.mark_as_failure": ("d6b5a5b37dfe", "worker/result_backend.py"),
        "Backend.encode_result": ("e476869148eb", "worker/result_backend.py"),
    },
    "celery.app.task": {
        "Task.signature_from_request": ("52ba3d1d0d23", "worker/tasks/base.py"),
        "Task.retry": ("82cd910b5966", "worker/tasks/base.py"),
    },
    "celery.apps.worker": {
        "_shutdown_handler": ("901e0a5a2b3d", "worker/leaving.py"),
    },
}


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in KNOWN.items() for name in names]
)
def test_source_is_the_one_that_was_read(module: str, name: str) -> None:
    known, relying = KNOWN[module][name]
    found = import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    assert found is not None, f"{module}.{name} is gone: look at {relying}"
    seen = hashlib.sha256(inspect.getsource(found).encode()).hexdigest()[:12]
    assert seen == known, f"{module}.{name} has changed: read it, and look at {relying}"
