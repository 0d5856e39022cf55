"""nginx as a plain reverse proxy that passes on what comes as it comes: the practical limit."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from benchmarks.gateways.contestants.contestant import Command, Contestant, Site

PROGRAM: Final = Path(shutil.which("nginx") or "/usr/sbin/nginx")
CONFIG: Final = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; multi_accept on; }}
http {{
    access_log {folder}/access.log combined buffer=64k flush=1s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 64m;
    client_body_buffer_size 128k;
    keepalive_requests 1000000;
    tcp_nodelay on;
    upstream vendor {{ server 127.0.0.1:{vendor}; keepalive 512; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://vendor;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_request_buffering off;
            proxy_buffering off;
            proxy_buffer_size 64k;
            proxy_buffers 8 64k;
        }}
    }}
}}
"""


def launch(site: Site) -> Command:
    """Write its configuration."""
    file = site.folder / "nginx.conf"
    file.write_text(CONFIG.format(folder=site.folder, vendor=site.vendor, port=site.port))
    return (str(PROGRAM), "-e", str(site.folder / "nginx-error.log"), "-c", str(file))


def version() -> str:
    """Return what it says."""
    told = subprocess.run((str(PROGRAM), "-v"), capture_output=True, text=True, check=True)  # noqa: S603 - the program that is measured
    return told.stderr.strip().rpartition("/")[2]


NGINX = Contestant("nginx", version, PROGRAM, launch)
