# Runs one command like `ssh` with the C library libssh: forwards the standard streams and exits with the status of the command. python3 libssh.py PORT KEY KNOWN_HOSTS COMMAND
import os, select, sys
from ctypes import CDLL, byref, c_bool, c_char_p, c_uint, c_uint32, c_void_p, create_string_buffer

port, key_file, known, command = (text.encode() for text in sys.argv[1:])
ssh = CDLL("libssh.so.4")
for name in ("ssh_new", "ssh_channel_new"):
    getattr(ssh, name).restype = c_void_p
ssh.ssh_get_error.restype = c_char_p
ssh.ssh_get_error.argtypes = [c_void_p]
ssh.ssh_channel_new.argtypes = [c_void_p]
HOST, PORT, USER, KNOWN_HOSTS, PROCESS_CONFIG = 0, 1, 4, 8, 38

def check(result, what):
    if result != 0:
        sys.exit(f"{what}: {ssh.ssh_get_error(session).decode()}")

def option(number, value):
    check(ssh.ssh_options_set(c_void_p(session), number, value), f"option {number}")

session = ssh.ssh_new()
option(PROCESS_CONFIG, byref(c_bool(False)))
option(HOST, b"127.0.0.1")
option(PORT, byref(c_uint(int(port))))
option(USER, b"alice")
option(KNOWN_HOSTS, known)
check(ssh.ssh_connect(c_void_p(session)), "connect")
if ssh.ssh_session_is_known_server(c_void_p(session)) != 1:
    sys.exit("the host key is not known")
key = c_void_p()
check(ssh.ssh_pki_import_privkey_file(key_file, None, None, None, byref(key)), "key")
check(ssh.ssh_userauth_publickey(c_void_p(session), None, key), "login")
channel = c_void_p(ssh.ssh_channel_new(session))
check(ssh.ssh_channel_open_session(channel), "channel")
check(ssh.ssh_channel_request_exec(channel, command), "exec")

buffer = create_string_buffer(65536)

def receive():
    for is_stderr, output in ((0, sys.stdout.buffer), (1, sys.stderr.buffer)):
        while (count := ssh.ssh_channel_read_nonblocking(channel, buffer, len(buffer), is_stderr)) > 0:
            output.write(buffer.raw[:count])
            output.flush()

is_open = True
socket = ssh.ssh_get_fd(c_void_p(session))
ssh.ssh_channel_window_size.restype = c_uint32
while not ssh.ssh_channel_is_eof(channel) and not ssh.ssh_channel_is_closed(channel):
    receive()
    room = min(ssh.ssh_channel_window_size(channel), 30000)
    waiting = [socket, 0] if is_open and room > 0 else [socket]
    ready, _, _ = select.select(waiting, [], [], 0.05)
    if 0 in ready:
        data = os.read(0, room)
        if data:
            ssh.ssh_channel_write(channel, data, len(data))
        else:
            is_open = False
            ssh.ssh_channel_send_eof(channel)
receive()
status = ssh.ssh_channel_get_exit_status(channel)
ssh.ssh_disconnect(c_void_p(session))
sys.exit(status)
