"""Many small files in one answer, read and sent one after the other."""

from __future__ import annotations

from starlette.responses import Response, StreamingResponse

from freehold.server.core import downloads
from freehold.server.core.download_counts import note_downloads
from freehold.server.core.downloads import Download
from freehold.server.http.bind import Call, stream
from freehold.server.http.streams import send_blocks
from freehold.wire import routes
from freehold.wire.files import FILE_STREAM_TYPE, DownloadFiles


async def _download_files(call: Call) -> Response:
    await call.threads.run(call.authorize)
    body = await call.body()
    download = await call.bulk.run(_open, call, body)
    headers = {
        "X-Repo-Commit": download.commit,
        "Content-Length": str(download.size),
        "Content-Type": FILE_STREAM_TYPE,
    }
    return StreamingResponse(send_blocks(download.blocks, call.bulk), 200, headers)


def _open(call: Call, body: DownloadFiles) -> Download:
    ctx, repo = call.authorize()
    assert repo is not None
    download = downloads.download_files(ctx, repo, call.params["revision"], body)
    if download.paths:
        note_downloads(ctx, repo, call.address, download.paths)
    return download


SERVED = (stream(routes.DOWNLOAD_FILES, _download_files),)
