"""Order status by its signed token from our query API, against a bare handler that sends as many bytes."""

from doorbuster.bench import placing, product_page
from doorbuster.bench.frame import Result
from doorbuster.bench.ground import Ground
from doorbuster.bench.http_client import request
from doorbuster.bench.options import Options

ORDERS = 200


def run(ground: Ground, options: Options) -> list[Result]:
    """Random orders out of some that were placed over HTTP; the token goes in the header."""
    ground.only("write-api")
    orders = placing.place(ground, placing.prepare(ground, min(ORDERS, options.most_orders)))
    ground.filled()
    ground.only("read-api")
    url = ground.environment["READ_API_URL"]
    asked = [request("GET", f"{url}/v1/orders/{o.id}", {"Order-Token": o.token}) for o in orders]
    return [product_page.against_bare(ground, options, "order_status", url, asked, {"orders": len(orders)})]
