"""The GitHub action and the GitLab component as their runners run them: ci.py REPOSITORY SHOP

A runner evaluates the expressions of the document, sets the variables that it documents, writes the script to a file
and gives it to bash. That is done here; the APIs are played by a server of this process.
"""

import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import yaml

repository, shop = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
work = pathlib.Path(tempfile.mkdtemp(dir=shop.parent))
MARKER = "<!-- windlass:review -->"


class Api(http.server.BaseHTTPRequestHandler):
    """The comments of one request, in the shapes of GitHub and of GitLab."""

    comments, requests, refuse = [], [], None

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def play(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or "{}")
        path = self.path.partition("?")[0]
        credential = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN")
        Api.requests.append((self.command, path, credential))
        if Api.refuse and self.command != "GET":
            self.answer(Api.refuse, {"message": "Resource not accessible by integration"})
        elif self.command == "GET":
            self.answer(200, Api.comments)
        elif self.command == "POST":
            Api.comments.append({"id": 100 + len(Api.comments), "body": body["body"]})
            self.answer(201, Api.comments[-1])
        else:
            [one] = [comment for comment in Api.comments if str(comment["id"]) == path.rsplit("/", 1)[1]]
            one["body"] = body["body"]
            self.answer(200, one)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = play

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
api = f"http://127.0.0.1:{server.server_port}"


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, *arguments], check=True, stdout=subprocess.DEVNULL)


def head(folder, name="HEAD"):
    return subprocess.run(["git", "-C", folder, "rev-parse", name], check=True, capture_output=True, text=True).stdout.strip()


def checkout(change=("replicas: 2", "replicas: 3"), depth=None):
    """What `checkout` leaves of a pull request: a clone at its head, detached, with the branches of the remote."""
    origin = pathlib.Path(tempfile.mkdtemp(dir=work)) / "origin"
    git(work, "clone", "--quiet", str(shop), str(origin))
    git(origin, "checkout", "--quiet", "-b", "change")
    if change:
        path = origin / "environments/production.yaml"
        text = path.read_text()
        assert change[0] in text
        path.write_text(text.replace(*change))
        git(origin, "commit", "--quiet", "--all", "-m", "change")
    folder = origin.parent / "clone"
    shallow = ["--depth", str(depth), "--branch", "change"] if depth else []
    git(work, "clone", "--quiet", *shallow, origin.as_uri(), str(folder))
    git(folder, "checkout", "--quiet", "--detach")
    return folder


def machine(folder):
    """What every job has; nothing of this machine's settings."""
    home = pathlib.Path(tempfile.mkdtemp(dir=work))
    return {"PATH": os.environ["PATH"], "HOME": str(home), "CI": "true", "LANG": "C.UTF-8"}


class Run:
    def __init__(self, code, out, **more):
        self.code, self.out = code, out
        self.__dict__.update(more)


def bash(script, folder, variables, options, wrap=()):
    file = pathlib.Path(tempfile.mkdtemp(dir=work)) / "script.sh"
    file.write_text(script)
    before = [arguments.format(folder=folder) for arguments in wrap]
    done = subprocess.run(
        [*before, "bash", *options, str(file)], cwd=folder, env=variables, timeout=120,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    return done.returncode, done.stdout


def github(folder, inputs=None, variables=None, wrap=(), event="pull_request", token="ghs_token"):
    """The composite action, step by step."""
    action = yaml.safe_load((repository / "integrations/github/action.yml").read_text())
    given = {name: declared.get("default", "") for name, declared in action["inputs"].items()}
    assert set(inputs or {}) <= set(given), "an input that the action does not have"
    given.update(inputs or {})
    contexts = {"github.token": token, **{f"inputs.{name}": value for name, value in given.items()}}

    def evaluate(text):
        return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda found: evaluate(contexts[found[1]]), str(text))

    runner = pathlib.Path(tempfile.mkdtemp(dir=work))
    (runner / "event.json").write_text(json.dumps({"pull_request": {"number": 7}} if event == "pull_request" else {}))
    (runner / "output").touch()
    (runner / "summary").touch()
    job = machine(folder) | {
        "GITHUB_ACTIONS": "true", "GITHUB_API_URL": api, "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": str(runner / "event.json"), "GITHUB_WORKSPACE": str(folder),
        "GITHUB_OUTPUT": str(runner / "output"), "GITHUB_STEP_SUMMARY": str(runner / "summary"),
        "RUNNER_TEMP": str(runner), "GITHUB_REF": "refs/pull/7/merge" if event == "pull_request" else "refs/heads/main",
        "GITHUB_BASE_REF": "main" if event == "pull_request" else "", "GITHUB_HEAD_REF": "change",
    } | (variables or {})
    code, out = 0, ""
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash", step
        own = {name: evaluate(value) for name, value in step.get("env", {}).items()}
        # What GitHub writes for `shell: bash`.
        code, said = bash(
            evaluate(step["run"]), folder / evaluate(step.get("working-directory", ".")), job | own,
            ["--noprofile", "--norc", "-e", "-o", "pipefail"], wrap,
        )
        out += said
        if code:
            break
    outputs = dict(line.split("=", 1) for line in (runner / "output").read_text().splitlines())
    return Run(code, out, outputs=outputs, summary=(runner / "summary").read_text())


def gitlab(folder, inputs=None, variables=None, wrap=(), token="glpat-token"):
    """The job of the component."""
    spec, jobs = yaml.safe_load_all((repository / "integrations/gitlab/templates/windlass.yml").read_text())
    given = {name: declared.get("default") for name, declared in spec["spec"]["inputs"].items()}
    given.update({"image": "windlass"} | (inputs or {}))
    assert None not in given.values(), given

    def evaluate(text):
        return re.sub(r"\$\[\[ *inputs\.([\w-]+) *\]\]", lambda found: given[found[1]], str(text))

    [job] = jobs.values()
    variables = {name: evaluate(value) for name, value in job["variables"].items()} | (variables or {})
    # GitLab knows the base, whatever was fetched.
    origin = folder.parent / "origin"
    base = head(origin, "main") if origin.exists() else ""
    whole = machine(folder) | {
        "GITLAB_CI": "true", "CI_API_V4_URL": api, "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "3",
        "CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "CI_PROJECT_DIR": str(folder), "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    } | ({"WINDLASS_TOKEN": token} if token else {}) | variables
    # What the runner makes of a script: its lines, each of which may end the job.
    script = "set -o errexit\nset -o pipefail\n" + "\n".join(evaluate(line) for line in job["script"]) + "\n"
    code, out = bash(script, folder, whole, ["--noprofile", "--norc"], wrap)
    report = folder / job["artifacts"]["reports"]["codequality"]
    return Run(code, out, report=json.loads(report.read_text()) if report.exists() else None)


def fresh(refuse=None):
    Api.comments, Api.requests, Api.refuse = [{"id": 1, "body": "looks good"}], [], refuse


def ours():
    return [comment["body"] for comment in Api.comments if comment["body"].startswith(MARKER)]


def expect(name, condition, run):
    if not condition:
        sys.exit(f"FAIL  {name}: {run.code}\n{run.out}\n{vars(run)}\n{Api.requests}")
    print(f"ok    {name}", flush=True)


# The change that everyone reviews: one comment, annotations, a summary, a report.
for name, run_ci, writes in [("GitHub", github, "PATCH"), ("GitLab", gitlab, "PUT")]:
    fresh()
    folder = checkout()
    first = run_ci(folder)
    expect(f"{name}: a change is reviewed", first.code == 0 and len(ours()) == 1 and "production" in ours()[0], first)
    expect(f"{name}: no token in the log", "token" not in first.out.replace("WINDLASS_TOKEN", ""), first)
    second = run_ci(folder)
    expect(f"{name}: the comment is kept", second.code == 0 and len(ours()) == 1 and Api.requests[-1][0] == writes, second)
    expect(f"{name}: nobody else's comment is touched", Api.comments[0]["body"] == "looks good", second)
    fails = run_ci(folder, {"fail-on": "scaling,data-loss"})
    expect(f"{name}: a class of risks fails the job", fails.code == 1, fails)
    classes = run_ci(folder, {"fail-on": "sclaing"})
    expect(f"{name}: a class that is none is a usage error", classes.code == 2 and "scaling" in classes.out, classes)

    fresh(refuse=403)
    fork = run_ci(folder)
    expect(f"{name}: without rights the job passes and says it", fork.code == 0 and "WL0848" in fork.out, fork)
    fresh()
    broken = run_ci(checkout(("replicas: 2", "replcias: 2")))
    expect(f"{name}: what does not compile fails", broken.code == 1 and "replcias" in broken.out, broken)
    expect(f"{name}: and the comment says it", len(ours()) == 1 and "does not compile" in ours()[0], broken)
    fresh()
    same = run_ci(checkout(change=None))
    expect(f"{name}: no change, no comment", same.code == 0 and not ours(), same)
    key = "GITHUB_API_URL" if run_ci is github else "CI_API_V4_URL"
    alone = run_ci(folder, variables={key: "http://127.0.0.1:1"})
    expect(f"{name}: without a network the job passes and says it", alone.code == 0 and "not reached" in alone.out, alone)
    shallow = run_ci(checkout(depth=1))
    expect(f"{name}: a shallow clone fails and says why", shallow.code == 1 and "shallow" in shallow.out, shallow)
    plain = checkout()
    base = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": head(plain, "origin/main")}
    shutil.rmtree(plain / ".git")
    without = run_ci(plain, variables=base if run_ci is gitlab else None)
    expect(f"{name}: a folder without Git fails", without.code != 0 and "WL0860" in without.out, without)
    empty = pathlib.Path(tempfile.mkdtemp(dir=work))
    git(empty, "init", "--quiet")
    git(empty, "commit", "--quiet", "--allow-empty", "-m", "x")
    nothing = run_ci(empty, variables={"CI_MERGE_REQUEST_DIFF_BASE_SHA": head(empty)})
    expect(f"{name}: a repository without a system fails", nothing.code == 1 and "system.yaml" in nothing.out, nothing)
    bare = {"PATH": os.pathsep.join(path for path in os.environ["PATH"].split(os.pathsep) if path != str(shop.parent / "bin"))}
    missing = run_ci(folder, variables=bare)
    expect(f"{name}: without the command the job fails", missing.code == 127 and "windlass" in missing.out, missing)
    small = {"PATH": str(work / "programs")}
    if not (work / "programs").exists():
        (work / "programs").mkdir()
        for program in ["bash", "git", "windlass"]:
            (work / "programs" / program).symlink_to(shutil.which(program))
    fresh()
    curl = run_ci(folder, variables=small)
    expect(f"{name}: without curl the job passes and says it", curl.code == 0 and "curl" in curl.out, curl)
    killed = run_ci(folder, wrap=("timeout", "--signal=KILL", "0.02"))
    expect(f"{name}: a job that is killed fails", killed.code != 0, killed)

    # A checkout that belongs to another user, as in a job with a container; and one that cannot be written.
    if os.geteuid() == 0:
        foreign = checkout()
        for place in [foreign, *foreign.rglob("*")]:
            os.chown(place, 12345, 12345, follow_symlinks=False)
        fresh()
        trusted = run_ci(foreign)
        expect(f"{name}: a checkout of another user is reviewed", trusted.code == 0 and len(ours()) == 1, trusted)
    else:
        print(f"skip  {name}: a checkout of another user needs root")
    frozen = ("unshare", "--map-root-user", "--mount", "sh", "-c",
              'mount --bind "{folder}" "{folder}" && mount -o remount,ro,bind "{folder}" && cd "{folder}" && exec "$@"', "sh")
    if subprocess.run([*frozen[:3], "true"], capture_output=True).returncode == 0 and shutil.which("mount"):
        fresh()
        target = checkout()
        read_only = run_ci(target, wrap=frozen)
        said = run_ci is github or "cannot write `windlass-codequality.json`" in read_only.out
        expect(f"{name}: a read-only checkout is reviewed", read_only.code == 0 and len(ours()) == 1 and said, read_only)
    else:
        print(f"skip  {name}: a read-only checkout needs namespaces")

# What only one of them has.
fresh()
folder = checkout()
run = github(folder)
expect("GitHub: lines are annotated", re.search(r"^::(notice|warning|error) file=environments/production.yaml,line=\d+", run.out, re.M), run)
expect("GitHub: the job is summarised", "production" in run.summary and run.summary.startswith(MARKER), run)
sarif = json.loads(pathlib.Path(run.outputs["sarif"]).read_text())
expect("GitHub: the report is where the output says", sarif["version"] == "2.1.0", run)
expect("GitHub: the token is the one that was given", {credential for _, _, credential in Api.requests} == {"Bearer ghs_token"}, run)
fresh()
run = github(folder, {"comment": "false", "systems": "system.yaml", "base": "origin/main"})
expect("GitHub: inputs arrive", run.code == 0 and not Api.requests and "production" in run.summary, run)
run = github(folder, {"systems": "nowhere/system.yaml"})
expect("GitHub: a system that is not there fails", run.code == 1 and "::error" in run.out, run)
run = github(folder, {"systems": "$(touch injected) `touch injected`; touch injected"})
expect("GitHub: inputs are not commands", run.code != 0 and not (folder / "injected").exists(), run)
fresh()
run = github(folder, {"token": ""})
expect("GitHub: without a token the summary has it", run.code == 0 and "production" in run.summary and not Api.requests, run)
(folder / "deep").mkdir()
fresh()
run = github(folder, {"working-directory": "deep"})
expect("GitHub: a folder of the repository", run.code == 0 and len(ours()) == 1, run)
before = checkout(change=None)
event = {"GITHUB_BASE_REF": ""}
run = github(before, variables=event, event="push")
expect("GitHub: a push is checked", run.code == 0 and not ours()[1:], run)

fresh()
run = gitlab(folder)
expect("GitLab: the report is of code quality", isinstance(run.report, list), run)
expect("GitLab: the token is the one that was given", {credential for _, _, credential in Api.requests} == {"glpat-token"}, run)
fresh()
run = gitlab(folder, token=None)
expect("GitLab: without a token it says what is missing", run.code == 0 and "WINDLASS_TOKEN" in run.out and not Api.requests, run)
run = gitlab(folder, {"arguments": "--no-comment system.yaml"})
expect("GitLab: more arguments", run.code == 0 and not Api.requests, run)
