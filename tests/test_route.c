/* The gateway in the kernel's table of routes, and the names in the table of hosts. */
#include "route.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "hosts.h"
#include "test.h"

static const char headings[] =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
static char table[4096];
static char address[ROUTE_ADDRESS_MAX];

/* A number as the kernel writes the four bytes. */
static unsigned number(unsigned a, unsigned b, unsigned c, unsigned d)
{
    const uint8_t byte[] = {(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d};
    uint32_t n;

    memcpy(&n, byte, sizeof n);
    return n;
}

static void begin(void)
{
    snprintf(table, sizeof table, "%s", headings);
}

static void add(unsigned to, unsigned gateway, unsigned flags, unsigned metric, unsigned mask)
{
    size_t len = strlen(table);

    snprintf(table + len, sizeof table - len, "eth0\t%08X\t%08X\t%04X\t0\t0\t%u\t%08X\t0\t0\t0\n",
             to, gateway, flags, metric, mask);
}

static void the_gateway_is_found(void)
{
    begin();
    add(number(172, 17, 0, 0), 0, 1, 0, number(255, 255, 0, 0));
    add(0, number(172, 17, 0, 1), 3, 0, 0);
    CHECK(route_gateway(table, address));
    CHECK_TEXT(address, "172.17.0.1");
}

static void the_lowest_metric_counts(void)
{
    begin();
    add(0, number(10, 0, 0, 1), 3, 600, 0);
    add(0, number(10, 0, 0, 2), 3, 100, 0);
    add(0, number(10, 0, 0, 3), 3, 700, 0);
    CHECK(route_gateway(table, address));
    CHECK_TEXT(address, "10.0.0.2");
}

static void other_routes_are_none(void)
{
    begin();
    CHECK(!route_gateway(table, address));
    add(0, number(10, 0, 0, 1), 1, 0, 0);                    /* no gateway */
    add(0, number(10, 0, 0, 1), 2, 0, 0);                    /* down */
    add(0, number(10, 0, 0, 1), 3, 0, number(128, 0, 0, 0)); /* half of the addresses */
    add(number(10, 1, 0, 0), number(10, 0, 0, 1), 3, 0, 0);  /* a host */
    CHECK(!route_gateway(table, address));
    CHECK(!route_gateway("", address));
    CHECK(!route_gateway("\n\n\n", address));
}

static void a_table_may_end_anywhere(void)
{
    begin();
    add(0, number(172, 17, 0, 1), 3, 0, 0);
    for (size_t len = strlen(table); len-- > 0;) {
        table[len] = '\0';
        (void)route_gateway(table, address);
    }
}

static void a_host_is_found(void)
{
    static const char hosts[] =
        "127.0.0.1 localhost # host\n\n#1.1.1.1 host\n192.0.2.1\tx  Host y\r\n"
        "192.0.2.2 host\n192.0.2.3";
    char found[HOSTS_ADDRESS_MAX];

    CHECK(hosts_find(hosts, "host", found));
    CHECK_TEXT(found, "192.0.2.1");
    CHECK(hosts_find(hosts, "y", found) && hosts_find(hosts, "LOCALHOST", found));
    CHECK_TEXT(found, "127.0.0.1");
    CHECK(!hosts_find(hosts, "hos", found) && !hosts_find(hosts, "127.0.0.1", found));
    CHECK(!hosts_find(hosts, "192.0.2.3", found) && !hosts_find("", "host", found));
}

static const struct test tests[] = {
    TEST(the_gateway_is_found),     TEST(the_lowest_metric_counts), TEST(other_routes_are_none),
    TEST(a_table_may_end_anywhere), TEST(a_host_is_found),
};

TEST_MAIN(tests)
