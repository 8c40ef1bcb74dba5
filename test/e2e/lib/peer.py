#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The other end of a connection, for the network tests: on the host of the test and inside a sandbox.

Each mode is a function below; `peer.py MODE ARGUMENT...`.  Those that listen print "ready" once they do."""

import hashlib
import socket
import sys
import threading
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def listen(address, port, kind=socket.SOCK_STREAM):
    s = socket.socket(family(address), kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, int(port)))
    if kind == socket.SOCK_STREAM:
        s.listen(512)
    print("ready", flush=True)
    return s


def connect(address, port):
    return socket.create_connection((address, int(port)), 20)


def each(listener, work):
    while True:
        conn, peer = listener.accept()
        threading.Thread(target=work, args=(conn, peer), daemon=True).start()


def udp_echo(address, port):
    """Send each datagram back with its sender's address before it."""
    s = listen(address, port, socket.SOCK_DGRAM)
    while True:
        data, peer = s.recvfrom(65535)
        s.sendto(("%s %d " % (peer[0], peer[1])).encode() + data, peer)


def udp_ask(address, port, text):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.settimeout(1)
    for _ in range(5):
        s.sendto(text.encode(), (address, int(port)))
        try:
            print(s.recv(65535).decode())
            return
        except TimeoutError:
            pass
    sys.exit("no answer to five datagrams")


def udp_sizes(address, port):
    """Datagrams of many sizes, each compared with its echo."""
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.settimeout(5)
    for size in (0, 1, 511, 1472, 9000, 32000, 60000):
        data = bytes(i * 7 % 256 for i in range(size))
        s.sendto(data, (address, int(port)))
        answer = s.recv(65535)
        if not answer.endswith(data) or len(answer) > size + 64:
            sys.exit("a datagram of %d bytes came back as %d" % (size, len(answer)))
    print("whole")


def digest_at_end(address, port):
    """Read to the end of the stream, then answer with its digest: the other half stays open till then."""

    def work(conn, _):
        digest, n = hashlib.sha256(), 0
        while data := conn.recv(1 << 20):
            digest.update(data)
            n += len(data)
        conn.sendall(("%d %s\n" % (n, digest.hexdigest())).encode())
        conn.close()

    each(listen(address, port), work)


def talk_after_end(address, port):
    """Close our half first, then read what the other says: that is printed."""

    def work(conn, _):
        conn.shutdown(socket.SHUT_WR)
        print("heard", conn.makefile().read(), flush=True)

    each(listen(address, port), work)


def send_after_end(address, port, text):
    """Wait for the end of the other half, and only then speak."""
    s = connect(address, port)
    if s.recv(1):
        sys.exit("something came")
    s.sendall(text.encode())
    s.close()


def send_file(address, port, path):
    """Send a file, close that half, print the answer and the file's own digest in the same form."""
    s, digest, n = connect(address, port), hashlib.sha256(), 0
    s.settimeout(None)
    with open(path, "rb") as f:
        while data := f.read(1 << 20):
            digest.update(data)
            n += len(data)
            s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    print(s.makefile().read().strip())
    print(n, digest.hexdigest())


def at_once(address, port, count):
    """COUNT connections, all open before the first one is used; each must carry its own answer."""
    text = ["connection %d " % i * 50 for i in range(int(count))]
    all_open = [connect(address, port) for _ in text]
    for s, t in zip(all_open, text):
        s.sendall(t.encode())
        s.shutdown(socket.SHUT_WR)
    for s, t in zip(all_open, text):
        want = "%d %s" % (len(t), hashlib.sha256(t.encode()).hexdigest())
        if s.makefile().read().strip() != want:
            sys.exit("a connection had another's answer")
    print(len(all_open))


def slow_read(address, port, request, pause):
    """Read nothing for PAUSE seconds, then all: prints the length and the digest.  A receive buffer of 4 KiB."""
    s = socket.socket(family(address))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.settimeout(30)
    s.connect((address, int(port)))
    s.sendall(request.encode().decode("unicode_escape").encode())
    time.sleep(float(pause))
    digest, n, head = hashlib.sha256(), 0, b""
    while data := s.recv(65536):
        if head is not None:
            head += data
            if b"\r\n\r\n" not in head:
                continue
            data, head = head.split(b"\r\n\r\n", 1)[1], None
        digest.update(data)
        n += len(data)
    print(n, digest.hexdigest())


def refused(address, port, most_ms):
    """The connection must be refused within MOST_MS."""
    start = time.monotonic()
    s = socket.socket(family(address))
    s.settimeout(20)
    r = s.connect_ex((address, int(port)))
    took = (time.monotonic() - start) * 1000
    print("%s:%s error %d after %.1f ms" % (address, port, r, took))
    sys.exit(0 if r and took < float(most_ms) else 1)


def refused_udp(address, port, most_ms):
    """The datagram must be answered with an ICMP error within MOST_MS."""
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.settimeout(10)
    s.connect((address, int(port)))
    start = time.monotonic()
    s.send(b"x")
    try:
        s.recv(1)
        print("an answer came")
    except OSError as e:
        took = (time.monotonic() - start) * 1000
        print("%s:%s %s after %.1f ms" % (address, port, e, took))
        sys.exit(0 if e.errno and took < float(most_ms) else 1)
    sys.exit(1)


def name_server(address, port, record):
    """Not a whole one: TXT queries are answered with RECORD bytes, over UDP cut (TC) and over TCP whole."""
    udp, tcp = listen(address, port, socket.SOCK_DGRAM), listen(address, port)

    def answer(query, whole):
        end = query.index(b"\0", 12) + 5
        header = query[:2] + (b"\x81\x80" if whole else b"\x83\x80") + b"\0\1" + (b"\0\1" if whole else b"\0\0") + bytes(4)
        if not whole:
            return header + query[12:end]
        data = b"".join(b"\xff" + b"x" * 255 for _ in range(int(record) // 256))
        return header + query[12:end] + b"\xc0\x0c\0\x10\0\1\0\0\0\x3c" + len(data).to_bytes(2, "big") + data

    def work(conn, _):
        stream = conn.makefile("rb")
        while size := stream.read(2):
            reply = answer(stream.read(int.from_bytes(size, "big")), True)
            conn.sendall(len(reply).to_bytes(2, "big") + reply)

    threading.Thread(target=each, args=(tcp, work), daemon=True).start()
    while True:
        query, peer = udp.recvfrom(65535)
        udp.sendto(answer(query, False), peer)


def ask_txt(address, name):
    """As a resolver does: over UDP, and where that is cut, over TCP.  Prints "cut", then the length of the answer."""
    question = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0\0\x10\0\1"
    query = b"\x12\x34\1\0\0\1" + bytes(6) + question
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.settimeout(5)
    s.sendto(query, (address, 53))
    reply = s.recv(65535)
    if reply[2] & 2:
        print("cut", flush=True)
        t = connect(address, 53)
        t.sendall(len(query).to_bytes(2, "big") + query)
        stream = t.makefile("rb")
        reply = stream.read(int.from_bytes(stream.read(2), "big"))
    print(len(reply), "rcode", reply[3] & 15)


MODES = {f.__name__.replace("_", "-"): f for f in (
    udp_echo, udp_ask, udp_sizes, digest_at_end, talk_after_end, send_after_end, send_file, at_once, slow_read, refused,
    refused_udp, name_server, ask_txt)}

if __name__ == "__main__":
    MODES[sys.argv[1]](*sys.argv[2:])
