"""The private PostgreSQL and Redis: what they promise, and that any account can run them."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from redis import AuthenticationError, Redis

from stack import lodging, postgres, redis
from stack.lodging import Lodging, vacate
from stack.postgres import Databases, UnableToRunPostgres
from stack.processes import Processes

#: As root there are three ways to run PostgreSQL, by where its folder lies and what the system allows.
FOLDERS = ["open", "closed", "closed, and no namespaces"] if os.geteuid() == 0 else ["open"]


@dataclass
class Servers:
    processes: Processes
    databases: Databases
    redis: str

    def show(self, setting: str) -> str:
        with psycopg.connect(self.databases.app) as connection:
            row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
            assert row is not None
            return str(row[0])


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Processes(Path(folder)) as processes,
    ):
        databases = postgres.run(processes, private=True)
        yield Servers(processes, databases, redis.run(processes, private=True))


@pytest.mark.parametrize(
    "promise", ["fsync", "full_page_writes", "synchronous_commit", "data_checksums"]
)
def test_a_commit_survives_the_power_cord(servers: Servers, promise: str) -> None:
    assert servers.show(promise) == "on"


def test_the_server_keeps_universal_time(servers: Servers) -> None:
    assert servers.show("timezone") == "UTC"


def test_a_commit_is_there_after_the_server_was_killed(servers: Servers) -> None:
    with psycopg.connect(servers.databases.owner) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")

    servers.processes.kill("postgres")

    servers.processes.wait_for("postgres", lambda: postgres.answers(servers.databases.app))
    assert servers.processes.deaths("postgres") >= 1
    with psycopg.connect(servers.databases.owner) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_the_application_owns_nothing_and_can_make_nothing(servers: Servers) -> None:
    with (
        psycopg.connect(servers.databases.app) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE mine (id int)")


def test_the_owner_makes_databases_and_can_act_as_the_application(servers: Servers) -> None:
    with psycopg.connect(servers.databases.owner, autocommit=True) as connection:
        connection.execute("CREATE DATABASE scratch")
        connection.execute("DROP DATABASE scratch")
        connection.execute("SET ROLE paygate_app")


@pytest.mark.parametrize("user", ["postgres", "paygate_owner", "paygate_app"])
def test_nobody_enters_without_a_password(servers: Servers, user: str) -> None:
    port = servers.databases.app.rpartition(":")[2].partition("/")[0]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgres://{user}@127.0.0.1:{port}/paygate")


def test_redis_keeps_nothing_on_disk_and_asks_for_a_password(servers: Servers) -> None:
    with Redis.from_url(servers.redis) as client:
        assert client.config_get("save") == {"save": ""}
        assert client.config_get("appendonly") == {"appendonly": "no"}
    with (
        Redis.from_url("redis://127.0.0.1:" + servers.redis.rpartition(":")[2]) as stranger,
        pytest.raises(AuthenticationError),
    ):
        stranger.ping()


@pytest.mark.parametrize("kind", FOLDERS)
def test_postgres_runs_for_every_account_and_finds_its_data_again(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "no namespaces" in kind:
        monkeypatch.setattr(lodging, "NAMESPACE", ("false",))
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755 if kind == "open" else 0o700)
        with Processes(Path(folder)) as processes:
            databases = postgres.run(processes, durable=False, private=True)
            with psycopg.connect(databases.owner) as connection:
                connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        with Processes(Path(folder)) as processes:
            databases = postgres.run(processes, durable=False, private=True)
            with psycopg.connect(databases.owner) as connection:
                assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        data = Path(folder, "postgres").resolve()
        vacate(Path(folder, "postgres"))
        assert not data.exists()


def test_a_server_that_is_named_is_used_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://a@127.0.0.1/x")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1/5")
    monkeypatch.delenv("MIGRATION_DATABASE_URL", raising=False)
    with Processes(tmp_path) as processes:
        assert postgres.run(processes) == Databases(*["postgres://a@127.0.0.1/x"] * 2)
        assert redis.run(processes) == "redis://127.0.0.1/5"
        assert processes.pids() == {}


def test_a_cluster_of_another_version_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("9\n")
    with pytest.raises(UnableToRunPostgres, match=r"made by PostgreSQL 9.*make clean"):
        postgres.check_version(Lodging(tmp_path, postgres.programs()))
