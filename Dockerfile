# One image for our four processes, and one more for the simulators: docker build --target doorbuster|simulators .
# The dependencies are those of pyproject.toml alone (no dev, no native servers), each by a hash of requirements.lock.

ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.8
WORKDIR /build
ENV VIRTUAL_ENV=/venv UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
RUN python -m venv --without-pip /venv
COPY pyproject.toml requirements.lock ./
RUN uv pip install --require-hashes --constraints requirements.lock --requirements pyproject.toml
COPY README.md ./
COPY shared shared
COPY write_side write_side
COPY projector projector
COPY read_side read_side
COPY doorbuster doorbuster
RUN uv pip install --offline --no-deps .

FROM build AS build-simulators
RUN uv pip install --require-hashes --constraints requirements.lock --group mail

FROM python:${PYTHON}-slim AS base
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin doorbuster
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp

FROM base AS simulators
# A named volume takes over the owner of the folder it is laid on.
RUN install --directory --owner doorbuster --group doorbuster --mode 0700 /data
COPY --from=build-simulators /venv /venv
USER 10001:10001
CMD ["python", "-m", "doorbuster.simulators.stripe"]

FROM base AS doorbuster
RUN install --directory --owner doorbuster --group doorbuster --mode 0700 /seals /erasures
COPY --from=build /venv /venv
USER 10001:10001
CMD ["python", "-m", "write_side", "api"]
