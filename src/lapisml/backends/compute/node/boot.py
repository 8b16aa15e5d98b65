"""How an agent comes to run on a machine that has nothing but an interpreter.

The interpreter is started with a fixed text (`argv`): no word of a user, and no secret, is on the command line. The
text reads one line of JSON from its stdin (``{"root", "digest"}``), answers ``lapis-node have`` or ``lapis-node need``,
takes the pack when it needs it, and becomes the agent, which goes on with the same stdin and stdout. What a login
shell prints before is passed over.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from lapisml.backends.compute.node.pace import patient
from lapisml.backends.compute.node.pack import Pack, pack
from lapisml.core.errors import ErrorCode, LapisError

_MARK = b"lapis-node "
_NOISE = 1 << 16
_TIMEOUT_S = 120.0
_PIECE = 1 << 15

TEXT = r"""
import os, sys
def say(text):
    os.write(1, ("\nlapis-node " + text + "\n").encode())
def take(count):
    data = b""
    while len(data) < count:
        more = os.read(0, min(count - len(data), 1 << 16))
        if not more:
            sys.exit(3)
        data += more
    return data
def line():
    data = b""
    while not data.endswith(b"\n"):
        data += take(1)
    return data
def unpack(data, place):
    import hashlib, io, tarfile
    if hashlib.sha256(data).hexdigest() != asked["digest"]:
        raise ValueError("what arrived is not what was sent")
    made = place + ".%d" % os.getpid()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive.getmembers():
            path = os.path.join(made, member.name)
            if not member.isfile() or ".." in member.name.split("/") or member.name.startswith("/"):
                raise ValueError("a pack with " + member.name)
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with open(path, "wb") as file:
                file.write(archive.extractfile(member).read())
    os.sync()
    try:
        os.rename(made, place)
    except OSError:
        import shutil
        shutil.rmtree(made)
        if not os.path.isdir(place):
            raise
try:
    import json
    asked = json.loads(line().decode())
    if sys.version_info < (3, 11):
        say("refused python " + sys.version.split()[0])
        sys.exit(4)
    if not sys.platform.startswith("linux"):
        say("refused system " + sys.platform)
        sys.exit(4)
    root = os.path.abspath(os.path.expanduser(asked["root"]))
    place = os.path.join(root, "pack", asked["digest"])
    if not os.path.isdir(root):
        os.makedirs(root, exist_ok=True)
        os.chmod(root, 0o700)
    owner = os.stat(root)
    if owner.st_uid not in (0, os.getuid()) or owner.st_mode & 0o002:
        raise PermissionError("others than its user can write to it, and what lies there is run")
    os.makedirs(os.path.join(root, "pack"), mode=0o700, exist_ok=True)
    os.makedirs(os.path.join(root, "run"), mode=0o700, exist_ok=True)
    if os.path.isdir(os.path.join(place, "lapisml")):
        say("have")
    else:
        say("need")
        unpack(take(asked["size"]), place)
        say("have")
    os.utime(place)
    start = "import sys; sys.path.insert(0, sys.argv[1]); from lapisml.backends.compute.node.agent import main; main()"
    os.execv(sys.executable, [sys.executable, "-I", "-c", start, place, root])
except Exception as error:
    say("failed " + "%s: %s" % (type(error).__name__, error))
    sys.exit(5)
"""


def argv(python: str = "python3") -> list[str]:
    """Return the command that is to be run on the node.

    Args:
        python: interpreter there, 3.11 or newer.
    """
    return [python, "-I", "-c", TEXT]


async def start(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    root: str,
    where: str = "the node",
    *,
    sent: Pack | None = None,
) -> None:
    """Bring what `argv` started to the point where the agent speaks.

    Args:
        reader, writer: its stdout and stdin.
        root: the folder on the node; ``~`` is the home folder there.
        where: how messages name the machine.
        sent: the pack; None means this process's own sources.

    Raises:
        LapisError: ServerUnreachable, NotSupported, StorageFull; the sentence names the machine.
    """
    brought = sent if sent is not None else await asyncio.to_thread(pack)
    greeting = {"root": root, "digest": brought.digest, "size": len(brought.data)}
    try:
        async with patient(_TIMEOUT_S) as moved:
            writer.write(json.dumps(greeting).encode() + b"\n")
            answer = await _answer(reader, where)
            if answer == ["need"]:
                for at in range(0, len(brought.data), _PIECE):
                    writer.write(brought.data[at : at + _PIECE])
                    await writer.drain()
                    moved()
                answer = await _answer(reader, where)
    except TimeoutError as error:
        raise LapisError(ErrorCode.SERVER_UNREACHABLE, f"Python on {where} did not answer in time.") from error
    except OSError as error:
        raise LapisError(ErrorCode.SERVER_UNREACHABLE, f"The connection to {where} broke: {error}.") from error
    if answer != ["have"]:
        raise _refusal(answer, root, where)


async def _answer(reader: asyncio.StreamReader, where: str) -> list[str]:
    """Read up to the next line that is the boot text's own."""
    seen = b""
    while len(seen) < _NOISE:
        line = await reader.readline()
        if line.startswith(_MARK):
            return line.decode(errors="replace").split()[1:]
        if not line:
            break
        seen += line
    said = seen.decode(errors="replace").strip().splitlines()
    why = f": {said[-1]}" if said else "."
    hint = "Python 3.11 or newer must be there; `interpreter:` in the compute's document says where it lies."
    raise LapisError(ErrorCode.SERVER_UNREACHABLE, f"Python could not be started on {where}{why}", hint)


def _refusal(answer: Sequence[str], root: str, where: str) -> LapisError:
    kind, words = answer[0] if answer else "", " ".join(answer[1:])
    if kind == "refused":
        sentence = f"{where[0].upper()}{where[1:]} has {words}; Linux with Python 3.11 or newer is needed there."
        hint = "Name an interpreter that is new enough by `interpreter:` in the compute's document."
        return LapisError(ErrorCode.NOT_SUPPORTED, sentence, hint)
    if "No space left" in words or "quota" in words.lower():
        return LapisError(ErrorCode.STORAGE_FULL, f"No space is left on {where} for {root}.")
    return LapisError(ErrorCode.SERVER_UNREACHABLE, f"Folder {root} on {where} can't be used: {words}.")
