"""A faulty or hostile server of the korv 0.2 protocol on asyncssh; the resource names the fault.

It prints a JSON line when it listens, one for each request, and one for each channel that is lost.

    odd_server.py HOST_KEY AUTHORIZED_KEYS [WINDOW]    with WINDOW 0 it opens no channel, with N bytes it reads nothing
"""

import asyncio
import gzip
import json
import sys

import asyncssh


def say(**fields):
    print(json.dumps(fields), flush=True)


def member(**fields):
    return gzip.compress(json.dumps(fields).encode("utf-8"))


def answer(request, **body):
    return member(id=1.5, request_id=request["id"], code=200, body=body or request["body"])


class Session(asyncssh.SSHTCPSession):
    def __init__(self, deaf):
        self.deaf = deaf
        self.waiting = []
        self.answered = []

    def connection_made(self, chan):
        self.chan = chan

    def session_started(self):
        # asyncssh starts reading after this callback.
        if self.deaf:
            asyncio.get_running_loop().call_soon(self.chan.pause_reading)

    def data_received(self, data, datatype):
        request = json.loads(gzip.decompress(data).decode("utf-8"))
        say(event="request", request=request)
        getattr(self, request["resource"].strip("/").replace("-", "_"))(request)

    def connection_lost(self, exc):
        say(event="lost")

    def hello(self, request):
        self.chan.write(answer(request))

    def noise(self, request):
        """Errors without a request, responses to unknown requests, and duplicates with other content."""
        for id in (0, 0.5, -1, request["id"] + 1000, "1", None, True, [1]):
            self.chan.write(member(id=1.5, request_id=id, code=400, body={"message": "Unable to process request"}))
        for id in self.answered:
            self.chan.write(member(id=1.5, request_id=id, code=500, body={"message": "again"}))
        self.chan.write(member(id=1.5, code=500, body=None) + gzip.compress(b"[]") + gzip.compress(b"7"))
        self.chan.write(answer(request) + answer(request, n="again") + answer(request, n="and again"))
        self.answered.append(request["id"])

    def in_reverse(self, request):
        """Three responses in one packet, in reverse order of the requests."""
        self.waiting.insert(0, answer(request))
        if len(self.waiting) == 3:
            self.chan.write(b"".join(self.waiting))

    def drip(self, request):
        """One response in as many packets as it has bytes."""
        for byte in answer(request):
            self.chan.write(bytes([byte]))

    def no_code(self, request):
        self.chan.write(member(id=1.5, request_id=request["id"], body=None))

    def no_body(self, request):
        self.chan.write(member(id=1.5, request_id=request["id"], code=200))

    def no_json(self, request):
        self.chan.write(gzip.compress(b'{"request_id": %d, "code": 200, "body": ' % request["id"]))

    def no_gzip(self, request):
        self.chan.write(b'{"request_id": %d, "code": 200, "body": null}' % request["id"])

    def damage(self, request):
        data = bytearray(answer(request))
        data[-6] ^= 1
        self.chan.write(bytes(data))

    def half(self, request):
        self.chan.write(answer(request)[:-4])
        self.chan.write_eof()

    def eof(self, request):
        self.chan.write_eof()

    def hang_up(self, request):
        self.chan.close()


class Server(asyncssh.SSHServer):
    window = None

    def connection_made(self, conn):
        self.conn = conn

    async def open(self):
        await asyncio.sleep(3600)

    def connection_requested(self, dest_host, dest_port, orig_host, orig_port):
        if self.window is None:
            return Session(False)
        if self.window == 0:
            return self.open()
        return self.conn.create_tcp_channel(window=self.window), Session(True)


async def main(host_key, authorized_keys, window=None):
    Server.window = None if window is None else int(window)
    server = await asyncssh.create_server(
        Server, "127.0.0.1", 0, server_host_keys=[host_key], authorized_client_keys=authorized_keys
    )
    say(event="listening", port=server.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
