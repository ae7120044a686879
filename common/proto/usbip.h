/*
 * USB/IP's records: the bytes of each as a struct with a name for every field, both ways. Sources:
 * the kernel's Documentation/usb/usbip_protocol.rst, tools/usb/usbip/src/usbip_network.h and
 * drivers/usb/usbip/usbip_common.h; where the document is wrong it is said below. Numbers are
 * big-endian but for `setup`. Pure: bytes and structs.
 */
#ifndef COMMON_PROTO_USBIP_H
#define COMMON_PROTO_USBIP_H

#include <stddef.h>
#include <stdint.h>

enum {
    USBIP_VERSION = 0x0111,
    USBIP_PORT = 3240,
    USBIP_PATH_SIZE = 256,
    USBIP_BUSID_SIZE = 32,
    USBIP_OP_SIZE = 8,       /* what each message of the first phase begins with */
    USBIP_COUNT_SIZE = 4,    /* devices, after it in the answer to a list */
    USBIP_DEVICE_SIZE = 312, /* without interfaces */
    USBIP_INTERFACE_SIZE = 4,
    USBIP_URB_SIZE = 48,      /* what each message of the second phase begins with */
    USBIP_PACKET_SIZE = 16,   /* an isochronous packet's descriptor, after the payload */
    USBIP_PACKETS_MAX = 1024, /* vhci_hcd and usbip-host take no more */
    USBIP_BUSNUM_MAX = 255, /* so is devnum: the tools keep them in bytes when they make a devid */
};

/* --- first phase: what is there, and taking one ---------------------------------------------- */

enum usbip_op_code {
    USBIP_OP_REQUEST = 0x8000, /* of each code; its answer's is without */
    USBIP_OP_REQ_DEVLIST = 0x8005,
    USBIP_OP_REP_DEVLIST = 0x0005,
    USBIP_OP_REQ_IMPORT = 0x8003,
    USBIP_OP_REP_IMPORT = 0x0003,
};

/* Why not. */
enum usbip_op_status {
    USBIP_ST_OK = 0,
    USBIP_ST_NA = 1,
    USBIP_ST_DEV_BUSY = 2, /* imported already */
    USBIP_ST_DEV_ERR = 3,
    USBIP_ST_NODEV = 4, /* no such busid */
    USBIP_ST_ERROR = 5,
};

/* As the kernel counts (enum usb_device_speed); libusb counts otherwise. */
enum usbip_speed {
    USBIP_SPEED_UNKNOWN = 0, /* attaching is refused */
    USBIP_SPEED_LOW = 1,
    USBIP_SPEED_FULL = 2,
    USBIP_SPEED_HIGH = 3,
    USBIP_SPEED_WIRELESS = 4,
    USBIP_SPEED_SUPER = 5,
    USBIP_SPEED_SUPER_PLUS = 6, /* vhci_hcd before Linux 6.12 refuses it */
};

struct usbip_op {
    uint16_t version;
    uint16_t code;   /* enum usbip_op_code, or another one */
    uint32_t status; /* 0 in requests */
};

struct usbip_device {
    char path[USBIP_PATH_SIZE]; /* text, ended by a 0 after usbip_get_device */
    uint32_t extensions; /* 0, or the version of com2net's, marked after the path: usbip_ext.h */
    char busid[USBIP_BUSID_SIZE]; /* text, as the path */
    uint32_t busnum, devnum;
    uint32_t speed; /* enum usbip_speed */
    uint16_t vendor, product, release;
    uint8_t device_class, device_subclass, device_protocol;
    uint8_t configuration; /* bConfigurationValue; 0: not configured, and then no interfaces */
    uint8_t configurations;
    uint8_t interfaces;
};

struct usbip_interface {
    uint8_t interface_class, interface_subclass, interface_protocol;
};

void usbip_put_op(const struct usbip_op *op, uint8_t bytes[static USBIP_OP_SIZE]);
void usbip_get_op(const uint8_t bytes[static USBIP_OP_SIZE], struct usbip_op *op);
void usbip_put_device(const struct usbip_device *d, uint8_t bytes[static USBIP_DEVICE_SIZE]);
void usbip_get_device(const uint8_t bytes[static USBIP_DEVICE_SIZE], struct usbip_device *d);
void usbip_put_interface(const struct usbip_interface *i,
                         uint8_t bytes[static USBIP_INTERFACE_SIZE]);
void usbip_get_interface(const uint8_t bytes[static USBIP_INTERFACE_SIZE],
                         struct usbip_interface *i);

/* The devid of the second phase, as the tools make it of an import's answer. */
uint32_t usbip_devid(const struct usbip_device *d);

/* --- second phase: URBs ------------------------------------------------------------------------
 */

enum usbip_command {
    USBIP_CMD_SUBMIT = 1,
    USBIP_CMD_UNLINK = 2,
    USBIP_RET_SUBMIT = 3,
    USBIP_RET_UNLINK = 4,
};

enum usbip_direction {
    USBIP_DIR_OUT = 0,
    USBIP_DIR_IN = 1,
};

/* transfer_flags that mean something to a peer (include/uapi/linux/usbip.h); the rest is the
 * sender's own and is left alone. */
enum usbip_flags {
    USBIP_SHORT_NOT_OK = 0x0001,
    USBIP_ISO_ASAP = 0x0002,
    USBIP_ZERO_PACKET = 0x0040,
    USBIP_DIR_MASK_IN = 0x0200, /* not to be trusted: `direction` is */
};

/* Linux's error numbers, which the wire has on every system. */
enum usbip_errno {
    USBIP_ENOENT = -2,  /* killed */
    USBIP_ENOMEM = -12, /* larger than there is memory for */
    USBIP_EXDEV = -18,  /* an isochronous packet came late */
    USBIP_ENODEV = -19, /* gone */
    USBIP_EINVAL = -22,
    USBIP_EPIPE = -32, /* stalled */
    USBIP_ETIME = -62,
    USBIP_EPROTO = -71,
    USBIP_EOVERFLOW = -75, /* the device sent more than was asked for */
    USBIP_EILSEQ = -84,
    USBIP_ECONNRESET = -104, /* unlinked */
    USBIP_ESHUTDOWN = -108,
    USBIP_ETIMEDOUT = -110,
    USBIP_EREMOTEIO = -121, /* short, with SHORT_NOT_OK; the data is there */
};

/* One header. Fields of other commands are 0, and are not written. */
struct usbip_urb {
    enum usbip_command command;
    uint32_t seqnum;
    uint32_t devid;     /* 0 in answers, and so are the next two: they are known by seqnum */
    uint32_t direction; /* enum usbip_direction */
    uint32_t ep;        /* its number, without the direction */
    int32_t status;     /* RET_SUBMIT, RET_UNLINK: 0 or enum usbip_errno (a peer may send others) */
    /* CMD_SUBMIT */
    uint32_t flags;
    int32_t length; /* of the buffer; OUT: so much follows */
    int32_t interval;
    uint8_t setup[8]; /* as on the bus, little-endian */
    /* CMD_SUBMIT and RET_SUBMIT */
    int32_t start_frame;
    int32_t packets; /* isochronous ones; others have 0 or -1, whichever the client likes */
    /* RET_SUBMIT */
    int32_t actual; /* IN: so much follows, whatever the status */
    int32_t errors;
    /* CMD_UNLINK */
    uint32_t unlink; /* seqnum of the URB that is not wanted any more */
};

/* One isochronous packet. The client sends the whole buffer of an OUT URB, gaps included (the
 * document says otherwise). The server answers an IN one with the packets joined. */
struct usbip_packet {
    uint32_t offset, length; /* in the buffer */
    uint32_t actual;         /* 0 in CMD_SUBMIT */
    int32_t status;
};

void usbip_put_urb(const struct usbip_urb *u, uint8_t bytes[static USBIP_URB_SIZE]);
/* Returns 0, or -EPROTO: no command of this protocol. */
int usbip_get_urb(const uint8_t bytes[static USBIP_URB_SIZE], struct usbip_urb *u);
void usbip_put_packet(const struct usbip_packet *p, uint8_t bytes[static USBIP_PACKET_SIZE]);
void usbip_get_packet(const uint8_t bytes[static USBIP_PACKET_SIZE], struct usbip_packet *p);

/* After a header come the payload, then the descriptors of isochronous packets. `in`: for
 * RET_SUBMIT, whether its URB was an IN one, which the header need not say. */
struct usbip_body {
    size_t payload; /* bytes */
    size_t packets; /* descriptors */
};

/* Finds it. Returns 0 or the fault of the header. It is -EPROTO for a direction, an endpoint or a
 * number of packets that cannot be, and -EMSGSIZE for more than `payload_max` bytes. */
int usbip_urb_body(const struct usbip_urb *u, int in, size_t payload_max, struct usbip_body *body);

#endif
