"""`python -m read_side`: the query API on HOST:PORT."""

if __name__ == "__main__":
    import gc

    gc.disable()  # until `freeze_start_up_objects`

from read_side.app import create_app
from shared.http import logs, tracing
from shared.http.serve import serve
from shared.settings import Settings


def main() -> None:
    """Serve until told to stop."""
    settings = Settings.read()
    logs.configure("read_side", settings.log_level)
    with tracing.exporting("read-api"):
        serve(create_app(settings), settings.host, settings.port)


if __name__ == "__main__":
    main()
