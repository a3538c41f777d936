# Runs one command like `ssh`: forwards the standard streams and exits with the status of the command. python3 conch.py PORT KEY KNOWN_HOSTS COMMAND
import os, struct, sys, threading, warnings
warnings.simplefilter("ignore")
from twisted.conch.ssh import channel, common, connection, keys, transport, userauth
from twisted.internet import defer, protocol, reactor

port, key_file, known, command = sys.argv[1:]
known_blobs = [line.split()[2] for line in open(known) if line.strip()]
status = [255]

class Transport(transport.SSHClientTransport):
    def verifyHostKey(self, blob, fingerprint):
        import base64
        if base64.b64encode(blob).decode() in known_blobs:
            return defer.succeed(1)
        return defer.fail(Exception("the host key is not known"))

    def connectionSecure(self):
        self.requestService(Auth(b"alice", Connection()))

    def connectionLost(self, reason):
        if reactor.running:
            reactor.stop()

class Auth(userauth.SSHUserAuthClient):
    def getPublicKey(self):
        if getattr(self, "asked", False):
            return None
        self.asked = True
        return keys.Key.fromFile(key_file).public()

    def getPrivateKey(self):
        return defer.succeed(keys.Key.fromFile(key_file))

class Connection(connection.SSHConnection):
    def serviceStarted(self):
        self.openChannel(Channel(2**21, 2**15, self))

class Channel(channel.SSHChannel):
    name = b"session"

    def channelOpen(self, _):
        done = self.conn.sendRequest(self, "exec", common.NS(command.encode()), wantReply=True)
        done.addCallbacks(lambda _: threading.Thread(target=self.send, daemon=True).start(), lambda _: reactor.stop())

    def send(self):
        while data := os.read(0, 65536):
            reactor.callFromThread(self.write, data)
        reactor.callFromThread(self.finish)

    # Conch sends EOF at once, even before data that waits for the window.
    def finish(self):
        if self.buf:
            reactor.callLater(0.01, self.finish)
        else:
            self.conn.sendEOF(self)

    def dataReceived(self, data):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def extReceived(self, _, data):
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()

    def request_exit_status(self, data):
        status[0] = struct.unpack(">L", data)[0]

    def closed(self):
        self.conn.transport.loseConnection()

factory = protocol.ClientFactory()
factory.protocol = Transport
factory.clientConnectionFailed = lambda *_: reactor.stop()
reactor.connectTCP("127.0.0.1", int(port), factory)
reactor.run()
sys.exit(status[0])
