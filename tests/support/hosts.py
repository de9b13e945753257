"""
Hosts of a network of their own: namespaces of this machine, with a delay and a loss of packets between them.

The links are TUN devices, and this program carries each packet from one to another: the traffic control of many kernels
has no delay. It needs Linux, `ip`, `nsenter` and `unshare`, and root or user namespaces.
"""

import ctypes
import fcntl
import heapq
import os
import selectors
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from random import Random

_NETWORK = IPv4Address("10.77.0.0")
_NEW_NETWORK, _SET_INTERFACE, _TUN_WITHOUT_HEADER = 0x40000000, 0x400454CA, 0x1001
_NO_HIGHER_THAN, _IP_VERSION, _DESTINATION = 2048, 4, slice(16, 20)


@dataclass(frozen=True)
class Host:
    """
    A host: its address, and what comes before a command so that it runs there.
    """

    address: str
    command: tuple[str, ...]


@contextmanager
def hosts(count: int, *, delay: float = 0.0, loss: float = 0.0) -> Iterator[list[Host]]:
    """
    Hosts that reach each other, and nothing else.

    Args:
        count: how many.
        delay: seconds that a packet needs from one host to another.
        loss: the share of packets that get lost.
    """
    is_root = os.geteuid() == 0
    as_root = () if is_root else ("unshare", "--user", "--map-root-user")
    program = [*as_root, sys.executable, __file__, str(count), str(delay), str(loss)]
    network = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert network.stdin is not None
    assert network.stdout is not None
    try:
        descriptors = network.stdout.readline().split()
        assert len(descriptors) == count, "no network namespaces: install iproute2 and util-linux; be root"
        of_process = f"/proc/{network.pid}"
        user = () if is_root else (f"--user={of_process}/ns/user", "--preserve-credentials")
        yield [
            Host(str(_NETWORK + number), ("nsenter", *user, f"--net={of_process}/fd/{descriptor}"))
            for number, descriptor in enumerate(descriptors, 1)
        ]
    finally:
        network.stdin.close()
        network.wait(10)
        network.stdout.close()


def _carry(count: int, delay: float, loss: float) -> None:
    """
    Make hosts, print a descriptor of the namespace of each, and carry packets until the end of the standard input.
    """
    devices, namespaces = {}, []
    for number in range(1, count + 1):
        device, namespace = _host(_NETWORK + number)
        devices[(_NETWORK + number).packed] = device
        namespaces.append(namespace)
    sys.stdout.write(" ".join(map(str, namespaces)) + "\n")
    sys.stdout.flush()
    ready, chance, arriving = selectors.DefaultSelector(), Random(1), list[tuple[float, int, int, bytes]]()
    for readable in (sys.stdin.fileno(), *devices.values()):
        ready.register(readable, selectors.EVENT_READ)
    sent = 0
    while True:
        left = max(arriving[0][0] - time.monotonic(), 0.0) if arriving else None
        for key, _ in ready.select(left):
            if key.fd == sys.stdin.fileno():
                return
            packet = os.read(key.fd, _NO_HIGHER_THAN)
            to = devices.get(packet[_DESTINATION])
            if packet[0] >> 4 == _IP_VERSION and to is not None and chance.random() >= loss:
                sent += 1
                heapq.heappush(arriving, (time.monotonic() + delay, sent, to, packet))
        while arriving and arriving[0][0] <= time.monotonic():
            _, _, to, packet = heapq.heappop(arriving)
            os.write(to, packet)


def _host(address: IPv4Address) -> tuple[int, int]:
    """
    Begin a network namespace with a device; the descriptors of the device and of the namespace.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "no network namespace")
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _SET_INTERFACE, struct.pack("16sH22x", b"tun0", _TUN_WITHOUT_HEADER))
    for command in (f"addr add {address}/24 dev tun0", "link set tun0 up", "link set lo up"):
        subprocess.run(["ip", *command.split()], check=True)
    return device, os.open("/proc/self/ns/net", os.O_RDONLY)


if __name__ == "__main__":
    _carry(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
