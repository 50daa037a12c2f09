"""Truth of ``rnnzoo_export.serving.niceness``: who may interrupt whom, as the system says it of each thread."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

POLICIES = """
import os, threading
from rnnzoo_export.serving.niceness import Interruptions
os.sched_setaffinity(0, {cores})
names = {{os.SCHED_OTHER: "other", os.SCHED_BATCH: "batch"}}
stop = threading.Event()
threads = [threading.Thread(target=stop.wait) for _ in range(2)]
for thread in threads:
    thread.start()
def seen():
    return sorted({{names[os.sched_getscheduler(int(task))] for task in os.listdir("/proc/self/task")}})
one = Interruptions()
print(seen())
with one.few():
    print(seen())
    with one.allowed(), one.allowed():
        print(seen())
    print(seen())
print(seen())
stop.set()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such policy")
@pytest.mark.parametrize("alone", [True, False])
def test_threads_that_share_one_processor_wait_for_each_other_but_while_something_long_runs(
    alone: bool,
) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if not alone and len(cores) < 2:
        pytest.skip("needs two processors")
    text = POLICIES.format(cores=set(cores[:1] if alone else cores[:2]))
    result = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    few = "['batch']" if alone else "['other']"
    assert result.stdout.splitlines() == ["['other']", few, "['other']", few, "['other']"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such policy")
def test_a_policy_that_somebody_has_set_stays() -> None:
    text = POLICIES.format(cores={sorted(os.sched_getaffinity(0))[0]})
    text = text.replace("names = ", "os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))\nnames = ")
    result = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["['batch']"] * 5
