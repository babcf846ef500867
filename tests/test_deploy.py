"""What deploys the page names only what is there, and its proxy keeps to what it promises."""

import os
import re
import shlex
import shutil
import subprocess
import urllib.request

import pytest
import yaml
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from classifier.__main__ import _parser
from classifier.config import PROJECT
from tests.servers import require_haproxy, several

DEPLOY = PROJECT / "assets" / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for path in (PROJECT / "classifier").rglob("*.py")
)


def settings() -> set[str]:
    """The project's own settings that the services name."""
    named = {name for one in SERVICES.values() for name in one.get("environment", {})}
    return {name for name in named if name.startswith("DIGIT_CLASSIFIER_")}


@pytest.mark.parametrize("name", sorted(settings()))
def test_each_setting_of_a_service_is_one_that_the_package_reads(name):
    assert f'"{name}"' in SOURCES


@pytest.mark.parametrize("name", [one for one in SERVICES if "command" in SERVICES[one]])
def test_each_command_of_a_service_is_one_that_there_is(name):
    program, *arguments = shlex.split(SERVICES[name]["command"])
    match program, *arguments:
        case "streamlit", "run", script, *_:
            assert (PROJECT / script).is_file()
            assert f"COPY {script} " in DOCKERFILE
        case "python", "-m", "classifier", *given:
            _parser().parse_args(given)
        case "dask", "scheduler", *_:
            pass
        case _:
            pytest.fail(f"{name} runs {program}, of which nothing is known here")


def test_what_the_image_copies_and_installs_is_there():
    copied = re.findall(r"^COPY (\S+) ", DOCKERFILE, re.MULTILINE)
    assert {"classifier", ".streamlit", "assets/models"} <= set(copied)
    installed = re.findall(r"-r (\S+)", DOCKERFILE)
    assert set(installed) <= set(copied)
    assert all((PROJECT / path).exists() for path in copied)


def test_files_and_networks_of_the_services_are_there():
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).is_file()
        if build := service.get("build"):
            assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    proxy = SERVICES["proxy"]
    config = (DEPLOY / "haproxy.cfg").read_text(encoding="utf-8")
    for name, place in proxy["environment"].items():
        assert f"${{{name}-" in config
        host, _, port = place.partition(":")
        page = next(
            one for one in SERVICES.values()
            if host in str(one.get("networks")) and one is not proxy
        )  # fmt: skip
        assert f"--server.port={port}" in page["command"]
        trusted = page["environment"]["FORWARDED_ALLOW_IPS"]
        assert trusted == proxy["networks"]["default"]["ipv4_address"]


def test_haproxy_takes_its_settings():
    require_haproxy()
    for environment in ({}, SERVICES["proxy"]["environment"]):
        subprocess.run(
            [shutil.which("haproxy"), "-c", "-f", str(DEPLOY / "haproxy.cfg")],
            env=os.environ | environment,
            check=True,
            capture_output=True,
        )


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    require_haproxy()
    home = tmp_path_factory.mktemp("home")
    limits = {"DIGIT_CLASSIFIER_PAGES_OF_ADDRESS": "2", "DIGIT_CLASSIFIER_PAGES": "5"}
    with several(1, {"DIGIT_CLASSIFIER_HOME": str(home), **limits}, home / "log.txt") as started:
        yield started


def page_from(url: str, address: str):
    """A page's connection as a proxy for HTTPS on this machine passes it on."""
    headers = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https"}
    return connect(url.replace("http", "ws") + "/_stcore/stream", additional_headers=headers)


@pytest.mark.slow
def test_behind_the_proxy_each_visitor_counts_by_their_own_address(servers):
    with page_from(servers.url, "10.0.0.1"), page_from(servers.url, "10.0.0.1"):
        with pytest.raises(InvalidStatus) as refused:
            page_from(servers.url, "10.0.0.1")
        assert refused.value.response.status_code == 403
        with page_from(servers.url, "10.0.0.2"):
            pass


@pytest.mark.slow
def test_the_cookie_is_sent_over_https_alone_where_the_visitor_came_so(servers):
    for scheme in ("https", "http"):
        headers = {"Accept": "text/html", "X-Forwarded-Proto": scheme}
        with urllib.request.urlopen(urllib.request.Request(servers.url, headers=headers)) as page:
            cookies = "".join(page.headers.get_all("Set-Cookie"))
        assert ("Secure" in cookies) == (scheme == "https")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/metrics", "/ready", "/health"])
def test_what_is_for_whoever_runs_the_servers_is_not_to_be_had_through_the_proxy(servers, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(servers.url + path)
    assert refused.value.code == 404
    assert urllib.request.urlopen(servers.place(1) + path).status == 200
