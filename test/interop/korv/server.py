"""A server of the korv 0.2 protocol on asyncssh, with the faults that korv's own server was measured to have.

It takes one read for one message. It answers an invalid message with a 400 to request 0, and then closes the connection.
It answers every STORE and UPDATE without a key `request` with such a 400, too, before it handles the request. It prints a
JSON line when it listens, and one for each request, each lost connection and each key exchange.

    server.py HOST_KEY AUTHORIZED_KEYS [PACKET [REKEY_SECONDS]]
"""

import asyncio
import gzip
import json
import logging
import random
import sys
import time

import asyncssh

notes = {1: {"id": 1, "text": "first"}}


def say(**fields):
    print(json.dumps(fields), flush=True)


def hello(request):
    name = (request["body"] or {}).get("name", "World")
    return 200, {"msg": f"Hello {name}!"}


def echo(request):
    return 200, request


def large(request):
    """Megabytes that compress badly, so that they need many packets."""
    digits = random.Random(request["body"]["seed"])
    return 200, {"hex": "%0*x" % (request["body"]["size"], digits.getrandbits(4 * request["body"]["size"]))}


def bomb(request):
    """JSON that compresses extremely well."""
    return 200, {"hex": "0" * request["body"]["size"]}


def nan(request):
    return 200, {"number": float("nan"), "text": "NaN"}


def store(request):
    note = {"id": len(notes) + 1, **request["body"]}
    notes[note["id"]] = note
    return 201, note


def update(request):
    return 200, request["body"]


def delete(request):
    return 200, None


def conflict(request):
    return 409, {"message": "it is taken", "details": {"by": "bob"}}


def odd(request):
    return 418, {"pot": "tea"}


def wrong(request):
    return 200, {"msg": 7}


def fail(request):
    raise ValueError("no such luck")


handlers = {
    ("GET", "/hello"): [hello],
    ("GET", "hello"): [lambda request: (200, {"msg": "without a slash"})],
    ("GET", "/twice"): [hello, lambda request: (500, {"message": "the second callback"})],
    ("GET", "/echo"): [echo],
    ("STORE", "/echo"): [echo],
    ("UPDATE", "/echo"): [echo],
    ("DELETE", "/echo"): [echo],
    ("GET", "/echo/a%20b"): [echo],
    ("GET", "/large"): [large],
    ("GET", "/bomb"): [bomb],
    ("GET", "/nan"): [nan],
    ("STORE", "/notes"): [store],
    ("UPDATE", "/notes"): [update],
    ("DELETE", "/notes"): [delete],
    ("GET", "/conflict"): [conflict],
    ("GET", "/odd"): [odd],
    ("GET", "/wrong"): [wrong],
    ("GET", "/fail"): [fail],
    # Received, and never answered.
    ("GET", "/silence"): [],
}


class Session(asyncssh.SSHTCPSession):
    def connection_made(self, chan):
        self.chan = chan

    def data_received(self, data, datatype):
        try:
            request = json.loads(gzip.decompress(data).decode("utf-8"))
            for key in ("id", "verb", "resource"):
                if key not in request:
                    self.answer(request.get("id", 0), 400, {"message": f"Missing '{key}'"})
            if request["verb"] in ("STORE", "UPDATE") and "body" not in request["request"]:
                self.answer(request["id"], 400, {"message": "Missing 'body'"})
        except Exception:
            self.answer(0, 400, {"message": "Unable to process request"})
        say(event="request", size=len(data), request=request)
        self.handle(request)

    def handle(self, request):
        callbacks = handlers.get((request["verb"], request["resource"]))
        if callbacks is None:
            self.answer(request["id"], 404)
            return
        for callback in callbacks:
            try:
                self.answer(request["id"], *callback(request))
            except Exception as error:
                self.answer(request["id"], 500, {"message": str(error), "traceback": "Traceback of the handler"})

    def answer(self, request_id, code, body=None):
        answer = {"id": time.time(), "request_id": request_id, "code": code, "body": body}
        self.chan.write(gzip.compress(json.dumps(answer, separators=(",", ":")).encode("utf-8")))

    def eof_received(self):
        say(event="eof")

    def connection_lost(self, exc):
        say(event="lost", reason=str(exc) if exc else None)


class KeyExchanges(logging.Handler):
    def emit(self, record):
        if "Completed key exchange" in record.getMessage():
            say(event="keys")


class Server(asyncssh.SSHServer):
    packet = 32768

    def connection_made(self, conn):
        self.conn = conn

    def connection_requested(self, dest_host, dest_port, orig_host, orig_port):
        say(event="channel", host=dest_host, port=dest_port)
        return self.conn.create_tcp_channel(max_pktsize=self.packet), Session()


async def main(host_key, authorized_keys, packet=32768, rekey_seconds=3600):
    Server.packet = int(packet)
    asyncssh.set_log_level("DEBUG")
    logging.getLogger("asyncssh").addHandler(KeyExchanges())
    server = await asyncssh.create_server(
        Server,
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=authorized_keys,
        rekey_seconds=float(rekey_seconds),
    )
    say(event="listening", port=server.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
