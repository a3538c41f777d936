#!/usr/bin/env python3
"""Stands in for `systemctl` where systemd is not the init of the machine: it runs units as systemd does, as far as these need it. It listens on
the sockets of socket units, starts services with them as descriptors, with their user and directories, and waits for READY=1."""
import json
import os
import pwd
import shlex
import signal
import socket
import subprocess
import sys
import time

CONTROL = "/run/service-manager.sock"
NOTIFY = "/run/service-manager.notify"
sockets, services = {}, {}


def read(unit):
    values = {}
    for line in open(f"/etc/systemd/system/{unit}"):
        name, separator, value = line.strip().partition("=")
        if separator and not line.startswith("#"):
            values.setdefault(name, []).append(value)
    return values


def listen(unit):
    port = int(os.environ.get("PORT") or read(unit)["ListenStream"][-1])
    held = socket.create_server(("0.0.0.0", port), backlog=1024)
    sockets[unit.replace(".socket", ".service")] = held


def start(unit):
    values = read(unit)
    one = lambda name: values[name][-1]
    user = pwd.getpwnam(one("User"))
    for kind, base in (("State", "/var/lib"), ("Logs", "/var/log"), ("Runtime", "/run")):
        path = f"{base}/{one(kind + 'Directory')}"
        os.makedirs(path, exist_ok=True)
        os.chown(path, user.pw_uid, user.pw_gid)
        os.chmod(path, int(one(f"{kind}DirectoryMode"), 8))
    env = {"PATH": os.environ["PATH"], "NOTIFY_SOCKET": NOTIFY, "RUNTIME_DIRECTORY": f"/run/{one('RuntimeDirectory')}"}
    env.update(text.split("=", 1) for text in values.get("Environment", []))
    held = sockets.get(unit)
    if held is not None:
        env.update(LISTEN_FDS="1", LISTEN_FDNAMES="ssh")

    def become():
        if held is not None:
            os.dup2(held.fileno(), 3)
        os.setgroups([user.pw_gid])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        os.umask(int(one("UMask"), 8))

    # The shell is the service after exec: only it knows its number.
    command = ["/bin/sh", "-c", 'export LISTEN_PID=$$; exec "$@"', "sh", *shlex.split(one("ExecStart"))]
    log = open(f"/run/{unit}.log", "ab")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if os.path.exists(NOTIFY):
        os.unlink(NOTIFY)
    notify.bind(NOTIFY)
    os.chmod(NOTIFY, 0o777)
    notify.settimeout(0.1)
    child = subprocess.Popen(
        command, cwd=one("WorkingDirectory"), env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        preexec_fn=become, pass_fds=[] if held is None else [3], start_new_session=True,
    )
    services[unit] = (child, notify)
    end = time.time() + 60
    while time.time() < end:
        if child.poll() is not None:
            raise RuntimeError(f"{unit} ended with {child.returncode}: {open(f'/run/{unit}.log').read()}")
        try:
            if b"READY=1" in notify.recv(4096):
                return
        except TimeoutError:
            pass
    raise RuntimeError(f"{unit} is not ready: {open(f'/run/{unit}.log').read()}")


def stop(unit):
    child, notify = services.pop(unit, (None, None))
    if child is None:
        return
    child.send_signal(signal.SIGTERM)
    child.wait(60)
    notify.close()


def perform(verb, units):
    for unit in units:
        if verb == "enable" and unit.endswith(".socket"):
            listen(unit)
        elif verb == "enable":
            start(unit)
        elif verb == "restart":
            stop(unit)
            start(unit)
        elif verb == "reload":
            services[unit][0].send_signal(signal.SIGHUP)
        elif verb == "stop":
            stop(unit)
        else:
            raise RuntimeError(f"unknown: {verb}")


def manage():
    # Inherited descriptors are numbered from 3: this process must not have one of its own there.
    os.dup2(os.open("/dev/null", os.O_RDONLY), 3)
    control = socket.socket(socket.AF_UNIX)
    if os.path.exists(CONTROL):
        os.unlink(CONTROL)
    control.bind(CONTROL)
    control.listen()
    while True:
        connection, _ = control.accept()
        with connection, connection.makefile("rw") as stream:
            verb, *rest = json.loads(stream.readline())
            units = [word if "." in word else f"{word}.service" for word in rest if not word.startswith("-")]
            try:
                if verb != "daemon-reload":
                    perform(verb, units)
                answer = "ok"
            except Exception as error:
                answer = str(error)
            stream.write(answer)
            stream.flush()


if sys.argv[1:] == ["manage"]:
    manage()
else:
    if not os.path.exists(CONTROL):
        subprocess.Popen(
            [sys.executable, __file__, "manage"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )
        while not os.path.exists(CONTROL):
            time.sleep(0.01)
        time.sleep(0.1)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(CONTROL)
        with client.makefile("rw") as stream:
            stream.write(json.dumps(sys.argv[1:]) + "\n")
            stream.flush()
            answer = stream.read()
    if answer != "ok":
        sys.exit(answer)
