"""The memory upstream in a file is one cloud for several processes."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from chalicelib.domain.load_balancers import LoadBalancerSpec
from worker.upstream.errors import UpstreamThrottled
from worker.upstream.memory.load_balancers import MemoryLoadBalancers

SPEC = LoadBalancerSpec(name="shop", subnet_ids=["subnet-1"])


def create_twenty(path: str) -> None:
    upstream = MemoryLoadBalancers(path)
    for number in range(20):
        upstream.create(f"token-{number}", SPEC)


def test_processes_that_create_with_the_same_tokens_make_each_once(tmp_path: Path) -> None:
    path = str(tmp_path / "cloud.sqlite")
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=create_twenty, args=(path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    upstream = MemoryLoadBalancers(path)
    assert len(upstream.list_all()) == 20
    assert len(upstream.list_calls()) == 60


def test_failure_queued_by_one_user_of_the_file_meets_another(tmp_path: Path) -> None:
    path = str(tmp_path / "cloud.sqlite")
    tester, worker = MemoryLoadBalancers(path), MemoryLoadBalancers(path)
    tester.fail_next("create_load_balancer", UpstreamThrottled("slowly!", retry_after_seconds=7.5))
    with pytest.raises(UpstreamThrottled, match="slowly!") as caught:
        worker.create("token", SPEC)
    assert caught.value.retry_after_seconds == 7.5
    assert worker.create("token", SPEC) == tester.find("token")
