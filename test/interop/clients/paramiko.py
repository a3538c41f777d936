# Runs one command like `ssh`: forwards the standard streams and exits with the status of the command. python3 paramiko.py PORT KEY KNOWN_HOSTS COMMAND, or - to read that from standard input; REKEY_BYTES in the environment begins rekeys
import os, sys, threading, time
sys.path.pop(0)  # This file would shadow the module of the same name.
import paramiko

port, key, known, command = sys.argv[1:]
if command == "-":  # The command exceeds the length of an argument.
    command = sys.stdin.buffer.read().decode()
client = paramiko.SSHClient()
client.load_host_keys(known)
client.connect("127.0.0.1", int(port), username="alice", key_filename=key, allow_agent=False, look_for_keys=False)
client.get_transport().packetizer.REKEY_BYTES = int(os.environ.get("REKEY_BYTES", 1 << 29))
channel = client.get_transport().open_session()
channel.exec_command(command)

def send():
    while data := sys.stdin.buffer.read1(65536):
        channel.sendall(data)
    channel.shutdown_write()

def answer():
    """Tells the server by a signal that it can close the channel, where no key exchange is to follow."""
    transport = client.get_transport()
    while transport.is_active() and (transport.packetizer.need_rekey() or not transport.clear_to_send.is_set()):
        time.sleep(0.01)
    signal = paramiko.Message()
    signal.add_byte(bytes([98]))  # SSH_MSG_CHANNEL_REQUEST
    signal.add_int(channel.remote_chanid)
    signal.add_string("signal")
    signal.add_boolean(False)
    signal.add_string("USR1")
    transport._send_user_message(signal)

def errors():
    while data := channel.recv_stderr(65536):
        if data == b"the output has ended\n":
            answer()
            continue
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()

threads = [threading.Thread(target=task, daemon=True) for task in (send, errors)]
for thread in threads:
    thread.start()
while data := channel.recv(65536):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
threads[1].join(5)
status = channel.recv_exit_status()
client.close()
os._exit(status)  # At a regular end, the interpreter fails where the other thread still reads standard input.
