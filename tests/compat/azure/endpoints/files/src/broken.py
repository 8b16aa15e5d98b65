"""Can't begin."""


def init() -> None:
    raise RuntimeError("no such luck")


def run(raw_data: str) -> str:
    return raw_data
