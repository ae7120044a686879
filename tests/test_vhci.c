/*
 * The files of vhci_hcd, in a folder that stands for the system's: which port is taken for which
 * speed, what is written, which files of a device are named, and texts that may be anything.
 */
#include "vhci.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#define CONTROLLER "/sys/devices/platform/vhci_hcd.0"
#define HEAD "hub port sta spd dev      sockfd local_busid\n"

static char root[64];
static char error[VHCI_ERROR_MAX];

/* Makes a file, and the folders it is in. */
static void make(const char *path, const char *text)
{
    char full[256];

    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *p = full + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        mkdir(full, 0755);
        *p = '/';
    }
    FILE *f = fopen(full, "w");
    CHECK(f);
    fputs(text, f);
    fclose(f);
}

static const char *content(const char *path)
{
    static char text[256];
    char full[256];

    snprintf(full, sizeof full, "%s%s", root, path);
    FILE *f = fopen(full, "r");
    CHECK(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void begin(void)
{
    strcpy(root, "/tmp/test_vhci.XXXXXX");
    CHECK(mkdtemp(root));
    vhci_set_root(root);
}

static void end(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", root);
    CHECK(system(command) == 0);
}

static void absence_is_explained(void)
{
    struct vhci_port *ports;
    size_t count;

    begin();
    CHECK(vhci_read(&ports, &count, error) == -ENOENT && !ports);
    CHECK(strstr(error, "modprobe vhci-hcd, as root"));
    make("/proc/sys/kernel/osrelease", "5.15.0-microsoft-standard-WSL2\n");
    CHECK(vhci_detach(0, error) == -ENOENT);
    CHECK(strstr(error, "wsl --update"));
    make(CONTROLLER "/status", "nothing that is known\n");
    CHECK(vhci_read(&ports, &count, error) == -ENOTSUP && !ports && count == 0);
    end();
}

static void ports_are_read(void)
{
    struct vhci_port *ports;
    size_t count;

    begin();
    make(CONTROLLER "/status", HEAD "hs  0000 006 003 00010002 000003 3-1\n"
                                    "hs  0001 004 000 00000000 000000 0-0\n"
                                    "ss  0002 004 000 00000000 000000 0-0\n"
                                    "a line of another kind\nhs 3\n");
    make(CONTROLLER "/status.1", HEAD "hs  0016 007 003 fafb0002 000003 0-0\n");
    CHECK(vhci_read(&ports, &count, error) == 0 && count == 4);
    CHECK(ports[0].number == 0 && ports[0].state == VHCI_USED && ports[0].devid == 0x10002);
    CHECK_TEXT(ports[0].busid, "3-1");
    CHECK(ports[2].super && !ports[1].super && ports[2].state == VHCI_FREE);
    CHECK(ports[3].number == 16 && ports[3].state == VHCI_ERROR);
    free(ports);
    end();
}

static int attach(uint32_t speed)
{
    const struct usbip_device d = {.busnum = 1, .devnum = 2, .speed = speed};

    make(CONTROLLER "/attach", "");
    return vhci_attach(7, &d, error);
}

static void speed_chooses_the_port(void)
{
    begin();
    make(CONTROLLER "/status", HEAD "hs  0000 006 003 00010002 000003 3-1\n"
                                    "hs  0001 004 000 00000000 000000 0-0\n"
                                    "ss  0002 004 000 00000000 000000 0-0\n");
    CHECK(attach(USBIP_SPEED_HIGH) == 1);
    CHECK_TEXT(content(CONTROLLER "/attach"), "1 7 65538 3");
    CHECK(attach(USBIP_SPEED_SUPER) == 2);
    CHECK_TEXT(content(CONTROLLER "/attach"), "2 7 65538 5");
    CHECK(attach(USBIP_SPEED_UNKNOWN) == 1); /* which the kernel would refuse */
    CHECK_TEXT(content(CONTROLLER "/attach"), "1 7 65538 3");
    make(CONTROLLER "/status", HEAD "hs  0000 006 003 00010002 000003 3-1\n"
                                    "ss  0001 004 000 00000000 000000 0-0\n");
    CHECK(attach(USBIP_SPEED_FULL) == -EBUSY && strstr(error, "no port"));
    end();
}

static void detaching_writes_the_port(void)
{
    begin();
    make(CONTROLLER "/detach", "");
    CHECK(vhci_detach(12, error) == 0);
    CHECK_TEXT(content(CONTROLLER "/detach"), "12");
    end();
}

static void files_are_named(void)
{
    struct vhci_nodes n;

    begin();
    vhci_find_nodes("3-1", &n);
    CHECK(n.count == 0 && !n.settled);
#define DEVICE "/sys/bus/usb/devices/3-1"
    make(DEVICE "/dev", "189:1\n");
    make(DEVICE "/uevent", "MAJOR=189\nDEVNAME=bus/usb/003/002\nDEVTYPE=usb_device\n");
    make(DEVICE "/bConfigurationValue", "\n");
    vhci_find_nodes("3-1", &n);
    CHECK(n.count == 1 && !n.settled); /* not configured */
    make(DEVICE "/bConfigurationValue", "1\n");
    make(DEVICE "/3-1:1.0/bInterfaceClass", "ff\n");
    vhci_find_nodes("3-1", &n);
    CHECK(n.count == 1 && !n.settled); /* a driver may come */
    make(DEVICE "/3-1:1.0/driver/x", "");
    make(DEVICE "/3-1:1.0/ttyUSB0/tty/ttyUSB0/dev", "188:0\n");
    make(DEVICE "/3-1:1.0/ttyUSB0/tty/ttyUSB0/uevent", "DEVNAME=ttyUSB0\n");
    vhci_find_nodes("3-1", &n);
    CHECK(n.count == 2 && n.settled);
    CHECK_TEXT(n.names[0], "bus/usb/003/002");
    CHECK_TEXT(n.names[1], "ttyUSB0");
    make(DEVICE "/3-1:1.1/bInterfaceClass", "08\n");
    make(DEVICE "/3-1:1.1/driver/x", "");
    vhci_find_nodes("3-1", &n);
    CHECK(!n.settled); /* its disk takes a while */
    make(DEVICE "/3-1:1.1/host0/block/sda/dev", "8:0\n");
    make(DEVICE "/3-1:1.1/host0/block/sda/uevent", "DEVNAME=sda\n");
    vhci_find_nodes("3-1", &n);
    CHECK(n.count == 3 && n.settled);
    end();
}

static void records_are_usbips(void)
{
    const struct vhci_record r = {"host", "3240", "1-1.2"};
    struct vhci_record got;

    begin();
    make("/var/run/x", "");
    CHECK(vhci_get_record(3, &got) == -ENOENT);
    vhci_put_record(3, &r);
    CHECK_TEXT(content("/var/run/vhci_hcd/port3"), "host 3240 1-1.2\n");
    CHECK(vhci_get_record(3, &got) == 0);
    CHECK_TEXT(got.busid, "1-1.2");
    make("/var/run/vhci_hcd/port3", "damaged");
    CHECK(vhci_get_record(3, &got) == -EINVAL);
    vhci_remove_record(3);
    CHECK(vhci_get_record(3, &got) == -ENOENT);
    end();
}

static const struct test tests[] = {TEST(absence_is_explained),   TEST(ports_are_read),
                                    TEST(speed_chooses_the_port), TEST(detaching_writes_the_port),
                                    TEST(files_are_named),        TEST(records_are_usbips)};
TEST_MAIN(tests)
