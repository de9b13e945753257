# The exporter: `paceline serve`, without root and without a shell to start it.
FROM python:3.12-slim-bookworm AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY exporter exporter
COPY grafana/dashboards grafana/dashboards
RUN python -m venv /opt/paceline && /opt/paceline/bin/pip install --no-cache-dir '.[server]'

FROM python:3.12-slim-bookworm
COPY --from=build /opt/paceline /opt/paceline
RUN install --directory --owner=10001 --group=10001 /var/lib/paceline
ENV PATH=/opt/paceline/bin:$PATH PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/paceline
VOLUME /var/lib/paceline
EXPOSE 10464
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
  CMD ["python", "-m", "paceline.server.health_check", "127.0.0.1:10464"]
ENTRYPOINT ["paceline"]
CMD ["serve", "--data=/var/lib/paceline", "--web.listen-address=0.0.0.0:10464"]
