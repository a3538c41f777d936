"""A client of the korv 0.2 protocol on asyncssh, with the faults that korv's own client was measured to have.

It takes one read for one message, so that split or joined messages are lost. Its ids are the time in seconds, and match
responses to requests. It prints a JSON line for every event, and reads one for every order:

    {"do": "call", "style": "blocking" or "callback", "verb": …, "resource": …, "body": …}
    {"do": "send", "base64": …}    any bytes, in one write
    {"do": "eof"}
    {"do": "pause"} and {"do": "resume"}    stops reading in between

    client.py PORT KEY KNOWN_HOSTS [WINDOW [PACKET [REKEY_SECONDS]]]
"""

import asyncio
import base64
import gzip
import json
import sys
import threading
import time

import asyncssh


def say(**fields):
    print(json.dumps(fields), flush=True)


class Session(asyncssh.SSHTCPSession):
    def connection_made(self, chan):
        self.chan = chan
        self.requests = {}

    def data_received(self, data, datatype):
        try:
            answer = json.loads(gzip.decompress(data).decode("utf-8"))
        except Exception as error:
            say(event="unreadable", size=len(data), error=str(error))
            return
        say(event="message", size=len(data), answer=answer)
        callback = self.requests.pop(answer["request_id"], None)
        if callback:
            callback(answer)

    def eof_received(self):
        say(event="eof")

    def connection_lost(self, exc):
        say(event="closed", reason=str(exc) if exc else None)


class Client:
    """Its methods are called from a separate thread, as in korv."""

    def __init__(self, loop, session):
        self.loop = loop
        self.session = session

    def call(self, verb, resource, body=None, callback=None):
        if callback is not None:
            self.loop.call_soon_threadsafe(self.send, verb, resource, body, callback)
            return None
        done = threading.Event()
        found = []

        def keep(answer):
            found.append(answer)
            done.set()

        self.loop.call_soon_threadsafe(self.send, verb, resource, body, keep)
        return found[0] if done.wait(10) else None

    def send(self, verb, resource, body, callback):
        request = {"id": time.time(), "verb": verb, "resource": resource, "body": body}
        while request["id"] in self.session.requests:
            request["id"] = time.time()
        self.session.requests[request["id"]] = callback
        self.session.chan.write(gzip.compress(json.dumps(request, separators=(",", ":")).encode("utf-8")))


def act(client, order):
    do = order.pop("do")
    chan = client.session.chan
    if do == "call":
        style = order.pop("style")
        if style == "blocking":
            say(event="answer", style=style, answer=client.call(**order))
        else:
            client.call(**order, callback=lambda answer: say(event="answer", style=style, answer=answer))
    elif do == "send":
        client.loop.call_soon_threadsafe(chan.write, base64.b64decode(order["base64"]))
    else:
        actions = {"eof": chan.write_eof, "pause": chan.pause_reading, "resume": chan.resume_reading}
        client.loop.call_soon_threadsafe(actions[do])


async def main(port, key, known_hosts, window=2 * 1024 * 1024, packet=32768, rekey_seconds=3600):
    try:
        conn = await asyncssh.connect(
            "127.0.0.1",
            int(port),
            username="anyone",
            client_keys=[key],
            known_hosts=known_hosts,
            agent_path=None,
            rekey_seconds=float(rekey_seconds),
        )
        chan, session = await conn.create_connection(
            Session, "localhost", int(port), window=int(window), max_pktsize=int(packet)
        )
    except (OSError, asyncssh.Error) as error:
        say(event="failed", error=str(error))
        return
    say(event="ready")
    client = Client(asyncio.get_running_loop(), session)

    def follow():
        for line in sys.stdin:
            act(client, json.loads(line))
        client.loop.call_soon_threadsafe(conn.close)

    threading.Thread(target=follow, daemon=True).start()
    await conn.wait_closed()
    say(event="gone")


asyncio.run(main(*sys.argv[1:]))
