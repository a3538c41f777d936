# Runs commands by the shell, and rekeys. python3 paramiko.py HOST_KEY AUTHORIZED_KEYS REKEY_BYTES, which prints its port
import socket, subprocess, sys, threading
sys.path.pop(0)  # This file would shadow the module of the same name.
import paramiko

host_key, authorized_keys, rekey_bytes = sys.argv[1:]
allowed = [line.split()[1] for line in open(authorized_keys) if line.strip()]

class Server(paramiko.ServerInterface):
    def get_allowed_auths(self, username):
        return "publickey"

    def check_auth_publickey(self, username, key):
        return paramiko.AUTH_SUCCESSFUL if key.get_base64() in allowed else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, channel_id):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel, command):
        threading.Thread(target=serve, args=(channel, command.decode()), daemon=True).start()
        return True

def serve(channel, command):
    child = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def receive():
        while data := channel.recv(65536):
            child.stdin.write(data)
        child.stdin.close()

    threading.Thread(target=receive, daemon=True).start()
    while data := child.stdout.read1(65536):
        channel.sendall(data)
    channel.send_exit_status(child.wait())
    channel.close()

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    transport = paramiko.Transport(listener.accept()[0])
    transport.packetizer.REKEY_BYTES = int(rekey_bytes)
    transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(host_key))
    transport.start_server(event=threading.Event(), server=Server())
