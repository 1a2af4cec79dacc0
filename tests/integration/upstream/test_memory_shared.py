"""The memory upstream in a file is one cloud for several processes."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from chalicelib.domain.load_balancers import LoadBalancerSpec
from worker.upstream.errors import UpstreamThrottled
from worker.upstream.memory import MemoryUpstream

SPEC = LoadBalancerSpec(name="shop", subnet_ids=["subnet-1"])


def create_twenty(path: str) -> None:
    upstream = MemoryUpstream(path)
    for number in range(20):
        upstream.create_load_balancer(f"token-{number}", SPEC)


def test_processes_that_create_with_the_same_tokens_make_each_once(tmp_path: Path) -> None:
    path = str(tmp_path / "cloud.sqlite")
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=create_twenty, args=(path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    upstream = MemoryUpstream(path)
    assert len(upstream.list_load_balancers()) == 20
    assert len(upstream.list_calls()) == 60


def test_failure_queued_by_one_user_of_the_file_meets_another(tmp_path: Path) -> None:
    path = str(tmp_path / "cloud.sqlite")
    tester, worker = MemoryUpstream(path), MemoryUpstream(path)
    tester.fail_next("create_load_balancer", UpstreamThrottled("slowly!", retry_after_seconds=7.5))
    with pytest.raises(UpstreamThrottled, match="slowly!") as caught:
        worker.create_load_balancer("token", SPEC)
    assert caught.value.retry_after_seconds == 7.5
    assert worker.create_load_balancer("token", SPEC) == tester.find_load_balancer("token")
