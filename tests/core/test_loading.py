"""The first import of TensorFlow: quiet, and standard error is open again afterwards."""

import subprocess
import sys

import pytest

from tests.support import ROOT

FAKE_CORE = """
import importlib.util, os, sys, threading, time
from pipeline.core import loading

class SlowCore:
    # Stands in for pipeline.core.stylizer, which imports TensorFlow: slow, and it writes to descriptor 2.
    def find_spec(self, name, path=None, target=None):
        if name == "pipeline.core.stylizer":
            return importlib.util.spec_from_loader(name, self)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        time.sleep(0.5)
        os.write(2, b"chatter")
        module.Stylizer = "the class"

sys.meta_path.insert(0, SlowCore())
"""

ONE_THREAD = """
print(loading.stylizer_class())
"""

TWO_THREADS = """
classes = []
threads = [threading.Thread(target=lambda: classes.append(loading.stylizer_class())) for _ in range(2)]
for thread in threads:
    thread.start()
    time.sleep(0.1)
for thread in threads:
    thread.join()
print(*classes, sep="\\n")
"""


@pytest.mark.parametrize(("calls", "count"), [(ONE_THREAD, 1), (TWO_THREADS, 2)])
def test_an_import_is_quiet_and_opens_standard_error_again(calls, count):
    code = FAKE_CORE + calls + "os.write(2, b'open again')"
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert child.stdout.split("\n") == ["the class"] * count + [""]
    assert child.stderr == "open again"


def test_an_import_that_fails_is_raised_and_opens_standard_error_again():
    code = (
        FAKE_CORE
        + """
def fail(self, module):
    raise ImportError("no TensorFlow")
SlowCore.exec_module = fail
try:
    loading.stylizer_class()
except ImportError as error:
    os.write(2, str(error).encode())
"""
    )
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert child.stderr == "no TensorFlow"
