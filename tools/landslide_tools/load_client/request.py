"""What a browser sends when somebody presses a choice. No I/O."""

POST = "\r\n".join(
    (
        "POST / HTTP/1.1",
        "Host: {host}",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Language: en-US,en;q=0.5",
        "Origin: {scheme}://{host}",
        "Referer: {scheme}://{host}/",
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Mode: navigate",
        "Content-Type: application/x-www-form-urlencoded",
        "",
    )
)


class Requests:
    """Makes requests for one site."""

    def __init__(self, host: str) -> None:
        self._heads = {
            https: POST.format(host=host, scheme="https" if https else "http")
            for https in (False, True)
        }

    def vote(self, choice: str, last: int, cookies: str, https: bool) -> bytes:
        """A vote from a form that was made for the cookie with `acknowledged` = `last`."""
        body = f"vote={choice}&last={last}"
        cookie = f"Cookie: {cookies}\r\n" if cookies else ""
        length = f"Content-Length: {len(body)}\r\n\r\n"
        return f"{self._heads[https]}{cookie}{length}{body}".encode("ascii")
