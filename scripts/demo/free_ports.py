# Prints one free loopback port for each wanted one: itself, or the next that is free in steps of ten.
# Binding is the only sure question: Denrei's listeners share a port (SO_REUSEPORT), so a second one would not notice.
import socket
import sys


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that are just ending are no obstacle
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose(wanted, taken):
    for port in range(wanted, 65536, 10):
        if port not in taken and is_free(port):
            return port
    sys.exit(f"no free port from {wanted} on")


chosen = []
for text in sys.argv[1:]:
    chosen.append(choose(int(text), chosen))
print(*chosen)
