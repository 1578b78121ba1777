"""Routes: HTTP in, what the other parts return out. Each module has the router of one kind of thing.

Bodies are read by `bodies` within their bounds and taken apart in threads; the OpenAPI document describes them from the
same classes that check them (`zkseal.service.schemas`). Each route names the scope that it asks for, or is `public`.
"""
