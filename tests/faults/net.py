# SPDX-License-Identifier: MIT
"""A network of the test's own: namespaces in a star, with faults that come and go while programs run in them.

    with net.Network() as network:                    # raises Impossible where namespaces cannot be made: skip, exit 77
        service = network.place("service")            # each place has one address: service.address, "10.77.0.2"
        viewer = network.place("viewer")
        context.agent(..., prefix=viewer.prefix)      # for harness.Program
        viewer.run([...]); viewer.start([...])        # subprocess.run, subprocess.Popen
        viewer.lose(20)                               # percent of UDP packets, both ways
        viewer.lose(100, "in", ports=(20000, 20100))  # only what comes in from these ports of the other end
        viewer.cut("tcp")                             # signalling is dead, media lives
        viewer.heal()                                 # no rule any more
        viewer.down(); viewer.up()                    # the cable

Rules count at the place, for everything but its own loopback; Place.loopback_too() takes that in. Nothing is outside of the
namespaces: no route, no rule, no address of this machine is touched. Everything in a namespace is killed and the namespaces
are deleted when the block ends, when Python ends by a signal (SIGTERM, SIGHUP, SIGINT), and by the next Network
if this one was killed. Needs root, ip (iproute2) and nft (nftables).
"""

import atexit
import contextlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

SKIP = 77  # exit code that says "not possible here"
_PREFIX = "trtc-faults-"
_serial = itertools.count(1)


class Impossible(Exception):
    """This machine allows no namespaces; the text says what is missing."""


def _tool(*command, check=True, stdin=None):
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, input=stdin)
    if check and done.returncode:
        raise Impossible(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _processes(namespace):
    return [int(pid) for pid in _tool("ip", "netns", "pids", namespace, check=False).split()]


def _delete(namespace):
    """Whoever lives in it is ours. A namespace with processes in it would stay after its name is gone."""
    for number, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
        for pid in _processes(namespace):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience
        while _processes(namespace) and time.monotonic() < deadline:
            threading.Event().wait(0.02)
    _tool("ip", "netns", "delete", namespace, check=False)


def _sweep():
    """Namespaces of runs that were killed."""
    for line in _tool("ip", "netns", "list", check=False).splitlines():
        found = re.match(rf"({_PREFIX}(\d+)-\S+)", line)
        if found and not os.path.exists(f"/proc/{found[2]}"):
            _delete(found[1])


class Place:
    """One host of the network. Losses happen on the way, never in a socket call: what goes out is dropped behind the cable."""

    def __init__(self, namespace, address, hub, port):
        self.namespace, self.address = namespace, address
        #: To be put in front of a command that is to run here.
        self.prefix = ("ip", "netns", "exec", namespace)
        self._hub, self._port = hub, port
        self._rules, self._loopback = [], False

    def start(self, command, **options):
        return subprocess.Popen([*self.prefix, *map(str, command)], **options)

    def run(self, command, **options):
        return subprocess.run([*self.prefix, *map(str, command)], **options)

    def loopback_too(self):
        """Rules made from now on count for the place's loopback, too."""
        self._loopback = True

    def lose(self, percent, direction="both", protocol="udp", ports=None, having=""):
        """Drops that share of the packets at random, on top of the rules there are. direction: "in" to this place, "out" of it
        or "both"; ports: (first, last) of the other end, None all of them; having: one more condition of nft."""
        chance = f"numgen random mod 1000 < {round(percent * 10)} " if percent < 100 else ""
        for side in {"in": ["in"], "out": ["out"], "both": ["in", "out"]}[direction]:
            match = f"meta l4proto {protocol} "
            if ports:
                match += f"{protocol} {'sport' if side == 'in' else 'dport'} {ports[0]}-{ports[1]} "
            match += f"{having} " if having else ""
            self._rules.append((side, match + chance + "counter drop"))
            # A packet on loopback goes out and comes in at once; without ports one rule is enough.
            if self._loopback and (ports or side == "in" or direction == "out"):
                self._rules.append(("lo", match + chance + "counter drop"))
        self._apply()

    def cut(self, protocol="udp", direction="both", ports=None):
        """Drops all of it."""
        self.lose(100, direction, protocol, ports)

    def heal(self):
        self._rules.clear()
        self._apply()

    def dropped(self):
        """Packets that the present rules have dropped."""
        text = "".join(_tool("ip", "netns", "exec", namespace, "nft", "list", "table", family, f"faults_{self._port}", check=False)
                       for namespace, family in ((self.namespace, "inet"), (self._hub, "netdev")))
        return sum(int(count) for count in re.findall(r"counter packets (\d+)", text))

    def down(self):
        _tool("ip", "-n", self.namespace, "link", "set", "eth0", "down")

    def up(self):
        _tool("ip", "-n", self.namespace, "link", "set", "eth0", "up")
        # The address stays, the route went with the link.
        _tool("ip", "-n", self.namespace, "route", "replace", "default", "via", "10.77.0.1")

    def _apply(self):
        """One transaction at each end: there is no moment without rules between two sets of them."""
        def table(namespace, family, chains):
            name = f"{family} faults_{self._port}"
            text = f"table {name}\ndelete table {name}\ntable {name} {{\n"
            for chain, hook, before, which in chains:
                rules = "\n".join(before + rule for where, rule in self._rules if where == which)
                text += f"chain {chain} {{\ntype filter hook {hook} priority 0; policy accept;\n{rules}\n}}\n"
            _tool("ip", "netns", "exec", namespace, "nft", "-f", "-", stdin=text + "}\n")

        table(self.namespace, "inet", (("in_", "input", 'iifname != "lo" ', "in"), ("lo_", "input", 'iifname "lo" ', "lo")))
        table(self._hub, "netdev", (("out_", f'ingress device "{self._port}"', "", "out"),))


class Network:
    """Places on one bridge. A context manager; also close()."""

    def __init__(self):
        self.places = {}
        self._base = f"{_PREFIX}{os.getpid()}-{next(_serial)}"
        self._names, self._restore = [], {}
        missing = [tool for tool in ("ip", "nft") if not shutil.which(tool)]
        if missing:
            raise Impossible(f"{' and '.join(missing)} missing (packages iproute2, nftables)")
        if os.geteuid():
            raise Impossible("network namespaces need root")
        atexit.register(self.close)
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) == signal.SIG_DFL:
                    self._restore[number] = signal.signal(number, lambda got, _: sys.exit(128 + got))
        try:
            _sweep()
            self._hub = self._namespace("hub")
            self._inside(self._hub, "link", "add", "br0", "type", "bridge")
            self._inside(self._hub, "link", "set", "br0", "up")
            # Says early whether this kernel can do what the faults need.
            self._inside(self._hub, "link", "add", "probe", "type", "veth", "peer", "name", "probe_")
            probe = Place(self._hub, "", self._hub, "probe")
            probe.lose(50)
            _tool(*probe.prefix, "nft", "flush", "ruleset")
            self._inside(self._hub, "link", "delete", "probe")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def place(self, name):
        if name in self.places:
            return self.places[name]
        index = len(self.places) + 2
        namespace = self._namespace(name)
        address = f"10.77.0.{index}"
        self._inside(namespace, "link", "add", "eth0", "type", "veth", "peer", "name", f"port{index}", "netns", self._hub)
        self._inside(self._hub, "link", "set", f"port{index}", "master", "br0", "up")
        self._inside(namespace, "address", "add", f"{address}/24", "dev", "eth0")
        self._inside(namespace, "link", "set", "eth0", "up")
        self._inside(namespace, "route", "add", "default", "via", "10.77.0.1")
        self.places[name] = Place(namespace, address, self._hub, f"port{index}")
        return self.places[name]

    def close(self):
        for namespace in reversed(self._names):
            _delete(namespace)
        self._names.clear()
        self.places.clear()
        atexit.unregister(self.close)
        for number, before in self._restore.items():
            signal.signal(number, before)
        self._restore.clear()

    def _namespace(self, name):
        namespace = f"{self._base}-{name}"
        self._names.append(namespace)
        _tool("ip", "netns", "add", namespace)
        # No address that nobody gave: IPv6 would only slow ICE down with duplicate address detection.
        _tool("ip", "netns", "exec", namespace, "sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1",
              "net.ipv6.conf.default.disable_ipv6=1", check=False)
        self._inside(namespace, "link", "set", "lo", "up")
        return namespace

    @staticmethod
    def _inside(namespace, *arguments):
        _tool("ip", "-n", namespace, *arguments)
