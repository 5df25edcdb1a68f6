# SPDX-License-Identifier: MIT
"""What packaging/ tells container engines and Kubernetes: the program takes it, and the two images agree."""

import json
import pathlib
import re
import subprocess

from harness import check, equal

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTAINERFILE = ROOT / "packaging/Containerfile"
# Debian's Python, as PyYAML is a Debian package here.
LOAD = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))"


def manifests(name):
    text = (ROOT / "packaging/kubernetes" / name).read_text()
    loaded = subprocess.run(["/usr/bin/python3", "-c", LOAD], input=text, capture_output=True, text=True, check=False)
    equal(loaded.returncode, 0, f"{name} as YAML: {loaded.stderr}")
    return {one["kind"]: one for one in json.loads(loaded.stdout)}


def image_settings():
    """What scripts/image writes into the image's configuration: name to values."""
    found = {}
    for name, quoted, plain in re.findall(r"--config\.(\w+) (?:\"([^\"]*)\"|(\S+))", (ROOT / "scripts/image").read_text()):
        found.setdefault(name, []).append(quoted or plain)
    return found


def plan(context, container):
    """What the program would do with a container's arguments and variables; refused options are red."""
    key = context.directory / "secret-key"
    key.write_text("k" * 64)
    key.chmod(0o600)
    arguments = [re.sub(r"^(--secret-key-file)=.*", rf"\1={key}", one) for one in container["args"]]
    values = {one["name"]: one.get("value", "192.0.2.1") for one in container.get("env", [])}
    program = context.run(*arguments, "--dry-run", variables=values)
    equal(program.end(), 0, f"exit code of {arguments}: {program.errors}")
    options = {row["option"]: row for row in program.events[0]["options"]}
    for name in values:
        option = "--" + name.removeprefix("TRTC_").lower().replace("_", "-")
        check(option in options and options[option]["from"] == name, f"{name} sets no option of {arguments[0]}")
    return {name: row["value"] for name, row in options.items()}


def pod_checks(pod, settings):
    container, = pod["containers"]
    user = settings["user"][0].split(":")
    context = pod["securityContext"]
    equal([str(context["runAsUser"]), str(context["runAsGroup"])], user, "the pod's user, and the image's")
    check(context["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"], "the pod may do more than it needs to")
    version = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text()).group(1)
    equal(container["image"], f"trtc-cli:{version}", "the image")
    mounts = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
    equal(set(mounts.values()), {one["name"] for one in pod["volumes"]}, "volumes, and where they are mounted")
    for path in [value for value in container["args"] if "=/" in value]:
        check(any(path.split("=")[1].startswith(mount) for mount in mounts), f"{path} is on no volume")
    # The root is read-only, so the folders the program writes to must be volumes.
    for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"):
        folder = next(one.split("=")[1] for one in settings["env"] if one.startswith(f"{name}="))
        check(folder in mounts, f"{name} is {folder}, which is no volume")
    check(pod["terminationGracePeriodSeconds"] > 5, "leaving takes up to five seconds")
    return container


def test_kubernetes_service(context):
    kinds = manifests("service.yaml")
    pod = kinds["Deployment"]["spec"]["template"]
    container = pod_checks(pod["spec"], image_settings())
    options = plan(context, container)
    port = options["--listen"].rsplit(":", 1)[1]
    ports = {one["name"]: str(one["containerPort"]) for one in container["ports"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        request = container[probe]["httpGet"]
        equal((request["path"], ports[request["port"]], request["scheme"]), ("/healthz", port, "HTTPS"), probe)
    service = kinds["Service"]["spec"]
    equal((str(service["ports"][0]["port"]), ports[service["ports"][0]["targetPort"]]), (port, port), "the Service's ports")
    equal(service["selector"], pod["metadata"]["labels"], "the Service's selector")
    first, last = options["--media-ports"].split("-")
    check(f"UDP {first}-{last}" in (ROOT / "docs/packaging.md").read_text(), "docs/packaging.md has other media ports")
    check(pod["spec"]["hostNetwork"], "the media ports are not those of the node")


def test_kubernetes_recorder(context):
    kinds = manifests("recorder.yaml")
    job = kinds["Job"]["spec"]
    container = pod_checks(job["template"]["spec"], image_settings())
    options = plan(context, container)
    mounts = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
    check(options["--record"] in mounts, "the recordings are on no volume")
    claims = {one["name"]: one["persistentVolumeClaim"]["claimName"] for one in job["template"]["spec"]["volumes"]
              if "persistentVolumeClaim" in one}
    equal(claims[mounts[options["--record"]]], kinds["PersistentVolumeClaim"]["metadata"]["name"], "the claim")
    rule, = job["podFailurePolicy"]["rules"]
    equal(rule["onExitCodes"]["values"], [2, 3, 10], "exit codes that a retry does not help")
    equal(job["template"]["spec"]["restartPolicy"], "Never", "restartPolicy")
    service = manifests("service.yaml")["Service"]
    equal(options["--server"], f"wss://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}", "the service's name")


def test_health_commands(context):
    """The commands of the Containerfile and of the recorder's probe, on the sockets that a container has."""
    service = context.service()
    viewer = context.agent(service, "viewer", "--role", "audience", "--no-stdin")
    viewer.wait("joined")
    probe = manifests("recorder.yaml")["Job"]["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["exec"]["command"]
    wanted = re.search(r"^HEALTHCHECK .* CMD (.*)$", CONTAINERFILE.read_text(), re.M).group(1).split(" || ")
    equal(wanted, ["trtc-cli ctl rooms", " ".join(probe)], "health checks of the Containerfile and of the recorder")
    sockets = {path.name: path for path in (context.directory / "run/trtc-cli").iterdir()}
    for command in wanted:
        words = command.split()[1:]
        name = next(name for name in sockets if name.startswith("serve-") == (words[-1] == "rooms"))
        answer = context.run("ctl", "--control", str(sockets[name]), *words[1:])
        equal(answer.end(), 0, f"exit code of {command}: {answer.errors}")


def test_containerfile(context):
    """It describes the same container as scripts/image."""
    settings, text = image_settings(), re.sub(r"\\\n\s*", "", CONTAINERFILE.read_text())
    final = text[text.rindex("\nFROM "):]
    instructions = dict(re.findall(r"^(USER|WORKDIR|VOLUME|EXPOSE|STOPSIGNAL|ENTRYPOINT|CMD|ENV) (.*)$", final, re.M))
    equal(instructions["USER"], settings["user"][0], "USER")
    equal(instructions["WORKDIR"], settings["workingdir"][0], "WORKDIR")
    equal(json.loads(instructions["VOLUME"]), settings["volume"], "VOLUME")
    equal(instructions["EXPOSE"], settings["exposedports"][0], "EXPOSE")
    equal(instructions["STOPSIGNAL"], settings["stopsignal"][0], "STOPSIGNAL")
    equal(json.loads(instructions["ENTRYPOINT"]), settings["entrypoint"], "ENTRYPOINT")
    equal(json.loads(instructions["CMD"]), settings["cmd"], "CMD")
    equal(sorted(instructions["ENV"].split()), sorted(one for one in settings["env"] if not one.startswith("PATH=")), "ENV")
    for line in re.findall(r"^RUN (.*)$", text, re.M):
        checked = subprocess.run(["sh", "-n", "-c", line], capture_output=True, text=True, check=False)
        equal(checked.returncode, 0, f"the shell's opinion of {line}: {checked.stderr}")
    known = r"(ARG|FROM|RUN|COPY|ENV|USER|WORKDIR|VOLUME|EXPOSE|STOPSIGNAL|HEALTHCHECK|ENTRYPOINT|CMD) \S|#|$"
    for line in text.splitlines():
        check(re.match(known, line), f"no instruction: {line}")
    packages = set(re.findall(r"gstreamer1\.0-[\w-]+", final)) | {"gstreamer1.0-nice"}
    listed = set((ROOT / "scripts/lib.sh").read_text().split("run_packages=(")[1].split(")")[0].split())
    check(packages <= listed, f"{packages - listed} is not in scripts/lib.sh")
