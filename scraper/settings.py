"""Every Scrapy setting of ours, each with its reason. ITEM_PIPELINES is the table of contents of the flow."""

import os

from scraper.config import Config
from scraper.pauses import at_least

CONGTIN_CONFIG = Config.from_environment(os.environ)

BOT_NAME = "congtin"
USER_AGENT = f"congtin/0.1 (+{CONGTIN_CONFIG.contact or 'no contact given: loopback only'})"
ROBOTSTXT_USER_AGENT = "congtin"
SPIDER_LOADER_CLASS = "spiders.loader.SourceLoader"

ITEM_PIPELINES = {
    "scraper.pipelines.Validate": 100,
    "storage.pipelines.Store": 900,
}
DOWNLOADER_MIDDLEWARES = {
    "scraper.middlewares.AddressGuard": 10,
    "scraper.middlewares.Robots": 100,
    "scraper.pauses.RetryAfter": 560,  # inside of Scrapy's retries (550), which would ask again at once
    "scraper.middlewares.Redirect": 600,
    "scraper.middlewares.Cookies": 700,
    "scraper.middlewares.Budget": 940,  # counts what goes out, so inside of redirects and retries
    "storage.middlewares.Capture": 950,
    "scraper.middlewares.Turns": 960,  # near the network: a turn ends before the response is worked on
    "scraper.pauses.Circuit": 970,  # whoever waited for a turn need not be sent any more
    # Ours is RFC 9309 to the letter; Scrapy's allows everything when robots.txt answers 503.
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,  # downloads a list of domains, past the guard
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": None,  # scraper.wire knows it
    # Not needed on any portal seen, and each costs time on every page.
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # the spider asks its source, which knows aliases
}
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,  # every status has an outcome of its own
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,  # urls.trap refuses, and counts, long addresses
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,  # a walk has its own bounds
    # Each wraps all that a callback yields in a generator of its own.
    "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,  # nobody asks which request was a first one
    "scrapy.spidermiddlewares.referer.RefererMiddleware": None,  # whom we came from is nobody's business
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,  # once_more repeats requests on purpose
}
EXTENSIONS_BASE: dict[str, int] = {}  # Scrapy imports even those that are switched off, the web server of one included
EXTENSIONS = {"storage.extensions.Keeper": 100}

# Manners: robots.txt is law (scraper.middlewares.Robots sees to it); one request at a time, three seconds apart or more
# and never in step (three to four and a half); a source may ask for more, loopback for none.
ROBOTSTXT_OBEY = True
ROBOTS_LIFETIME = 12 * 3600  # RFC 9309 §2.4 allows a day; a backfill may take longer
CONCURRENT_REQUESTS = 16
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY_JITTER = 0.2
DOWNLOAD_DELAY = at_least(3.0, DOWNLOAD_DELAY_JITTER)
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "vi,en;q=0.5",
    "Accept-Encoding": "gzip, deflate",  # what scraper.decode unfolds
}
if CONGTIN_CONFIG.contact:
    DEFAULT_REQUEST_HEADERS["From"] = CONGTIN_CONFIG.contact  # RFC 9110 §10.1.2

# Bytes are archived as they came, and only the reader child unfolds and parses them.
COMPRESSION_ENABLED = False
METAREFRESH_ENABLED = False
DOWNLOAD_FAIL_ON_DATALOSS = False  # a body cut short arrives flagged, is kept, and judged by us
HTTPERROR_ALLOW_ALL = True

# Scrapy starts as many tasks for each response as this says; ours have one visit and a few requests each.
CONCURRENT_ITEMS = 2

# Bounds on what one answer may cost.
DOWNLOAD_TIMEOUT = 45  # of the whole answer: Scrapy's three minutes are a slot lost to every host that hangs
DOWNLOAD_MAXSIZE = 32 * 1024 * 1024  # Scrapy's gigabyte is the memory of a small machine
DOWNLOAD_WARNSIZE = 4 * 1024 * 1024  # no page of a portal is as long
TURN_SILENCE = 5.0  # after so many seconds without any answer a host no longer keeps the next one waiting (spiders.run)
DNS_TIMEOUT = 20  # it counts beside DOWNLOAD_TIMEOUT
REDIRECT_MAX_TIMES = 5  # RFC 9309 asks for five; Scrapy's twenty are twenty requests to the host
RETRY_TIMES = 2  # what three requests do not bring, the next run asks for
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"  # the run's report lists every failure
RETRY_HTTP_CODES = [500, 502, 503, 504, 522, 524, 408]  # 429 is never asked again at once
DOWNLOAD_VERIFY_CERTIFICATES = True  # Scrapy's default verifies nothing

# Doors that a crawler of public pages does not need open.
DOWNLOAD_HANDLERS = {
    "file": None, "data": None, "ftp": None, "s3": None,
    # Scrapy's own, with bounds on headers and an eye on what comes after a body's end.
    "http": "scraper.wire.Handler", "https": "scraper.wire.Handler",
}  # fmt: skip
TWISTED_DNS_RESOLVER = "scraper.middlewares.GuardedResolver"

# The frontier is in the database: no JOBDIR, and no second filter of requests, which costs as much as a page.
JOBDIR = None
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"
# asyncio's own loop. uvloop closes its handle on a reset connection and tells Twisted nothing: over TLS the request
# then never ends, not by its time-out either, and the crawl with it (tests/test_faults.py).
ASYNCIO_EVENT_LOOP = None

LOG_LEVEL = "WARNING"
STATS_DUMP = False
