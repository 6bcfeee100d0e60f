"""What a browser says it is, in words that its user knows."""

from __future__ import annotations

# Most browsers also name others that they want to be taken for, so the first that fits is right.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def describe_browser(client: str) -> str:
    """Such as "Firefox on Linux", by the `User-Agent` of its requests."""
    browser = next((name for word, name in _BROWSERS if word in client), "Unknown browser")
    system = next((name for word, name in _SYSTEMS if word in client), "")
    return f"{browser} on {system}" if system else browser
