"""The published file: its path, its hash, its download."""

import hashlib
from pathlib import Path

import pytest

from pipeline.errors import WeightsError
from pipeline.extractor import imagenet
from tests.support.servers import BODY, serving


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(imagenet, "MD5", hashlib.md5(BODY).hexdigest())
    return tmp_path


def test_address_and_hash_are_those_of_keras():
    import keras.src.applications.vgg19 as published

    assert imagenet.ADDRESS + imagenet.FILE_NAME == published.WEIGHTS_PATH_NO_TOP
    assert f'"{imagenet.MD5}"' in Path(published.__file__).read_text("utf-8")


def test_the_path_is_that_of_keras(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", "~/elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert imagenet.path() == tmp_path / "elsewhere" / "models" / imagenet.FILE_NAME
    monkeypatch.delenv("KERAS_HOME")
    assert imagenet.path() == tmp_path / ".keras" / "models" / imagenet.FILE_NAME


def test_it_is_downloaded_once(home, monkeypatch):
    with serving() as (address, requests):
        monkeypatch.setattr(imagenet, "ADDRESS", f"{address}good/")
        for _ in range(2):
            assert imagenet.fetch() == imagenet.path()
    assert imagenet.is_genuine(imagenet.path())
    assert requests == {"good": 1}


def test_a_damaged_file_is_not_genuine_and_is_downloaded_again(home, monkeypatch):
    imagenet.path().parent.mkdir(parents=True)
    imagenet.path().write_bytes(BODY[:-1])
    assert not imagenet.is_genuine(imagenet.path())
    with serving() as (address, _):
        monkeypatch.setattr(imagenet, "ADDRESS", f"{address}good/")
        imagenet.fetch()
    assert imagenet.is_genuine(imagenet.path())


def test_offline_says_where_to_put_it_by_hand(home, monkeypatch):
    monkeypatch.setattr(imagenet, "ADDRESS", "http://127.0.0.1:9/")
    with pytest.raises(WeightsError) as caught:
        imagenet.fetch()
    for part in (imagenet.FILE_NAME, str(imagenet.path()), imagenet.MD5, "by hand"):
        assert part in str(caught.value)
