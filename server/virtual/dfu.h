/*
 * The state machine of a DFU device, without the device: USB Device Firmware Upgrade 1.1, appendix
 * A. Pure: it reads no clock, opens no file and knows no transfers.
 *
 * Where the specification leaves a choice, or more than that:
 *   - bitManifestationTolerant is set, as U-Boot, Zephyr and TinyUSB have it: after a download the
 *     device is in dfuIDLE and can be asked again.
 *   - bitWillDetach is set: a USB reset does not reach a device through Linux's USB/IP client.
 *   - DFU_DETACH in dfuIDLE, which A.2.3 would stall, goes back to run time: `dfu-util -R` sends it
 *     before its reset.
 *   - A USB reset in DFU mode goes back to run time only when a new firmware has come: those of an
 *     enumeration must not.
 *   - Blocks have to come in turn, from number 0 on. The programmed image takes effect as a whole.
 */
#ifndef SERVER_VIRTUAL_DFU_H
#define SERVER_VIRTUAL_DFU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/usb_desc.h"

enum {
    DFU_FIRMWARE_MAX = 16 << 20, /* bytes; then errADDRESS */
    DFU_BLOCK_MAX = 1024,        /* wTransferSize */
    DFU_BLOCK_MS = 5,            /* bwPollTimeout of a block */
    DFU_MANIFEST_MS = 50,
    DFU_FUNCTIONAL_SIZE = 9,
    DFU_FUNCTIONAL = 0x21, /* descriptor type */
};

/* bRequest (table 3.2). */
enum dfu_request {
    DFU_DETACH,
    DFU_DNLOAD,
    DFU_UPLOAD,
    DFU_GETSTATUS,
    DFU_CLRSTATUS,
    DFU_GETSTATE,
    DFU_ABORT,
};

/* bState (6.1.2). */
enum dfu_state {
    DFU_APP_IDLE,
    DFU_APP_DETACH,
    DFU_IDLE,
    DFU_DNLOAD_SYNC,
    DFU_DNBUSY,
    DFU_DNLOAD_IDLE,
    DFU_MANIFEST_SYNC,
    DFU_MANIFEST,
    DFU_MANIFEST_WAIT_RESET, /* not of a device that is manifestation tolerant */
    DFU_UPLOAD_IDLE,
    DFU_ERROR,
};

/* bStatus (6.1.2), those that happen here. */
enum dfu_status {
    DFU_OK = 0x00,
    DFU_ERR_WRITE = 0x03,      /* the firmware cannot be kept */
    DFU_ERR_ADDRESS = 0x08,    /* beyond the memory, or a block out of turn */
    DFU_ERR_UNKNOWN = 0x0e,    /* out of memory */
    DFU_ERR_STALLEDPKT = 0x0f, /* a request that the state does not have */
};

/* Zero at birth, but for `keep` and `ctx`: in run time, without a firmware. */
struct dfu {
    /* Keeps a firmware that has come; returns 0 or -errno. NULL: memory is enough. */
    int (*keep)(void *ctx, const uint8_t *data, size_t len);
    void *ctx;
    enum dfu_state state;
    enum dfu_status status;
    bool leaving;      /* dfuIDLE: it goes back to run time */
    bool is_new;       /* a firmware has come since DFU mode began */
    bool pending;      /* work that begins with the next DFU_GETSTATUS */
    uint64_t ready_ms; /* DNBUSY, MANIFEST: the end of that */
    uint16_t block;    /* the next one */
    size_t uploaded;   /* bytes */
    uint8_t *firmware; /* what it runs, `len` bytes, allocated; or NULL */
    size_t len;
    uint8_t *incoming; /* the image that is being downloaded, allocated, too; or NULL */
    size_t incoming_len, incoming_room;
};

/* The DFU functional descriptor (4.1.3): all of bmAttributes; 1000 ms, which do not bind a
 * device that detaches itself; blocks of 1024 bytes; version 1.1. */
#define DFU_FUNCTIONAL_BYTES                                                                       \
    DFU_FUNCTIONAL_SIZE, DFU_FUNCTIONAL, 0x0f, 0xe8, 0x03, 0x00, 0x04, 0x10, 0x01

/* Carries out a request to the interface; `data` has setup->length bytes, given or to be filled.
 * `now_ms` is the time, of any clock that only goes forward. Returns bytes moved, or USBIP_EPIPE.
 */
int dfu_control(struct dfu *d, const struct usb_setup *setup, uint8_t *data, uint64_t now_ms);

/* Whether the device is to leave the bus, to come back in the other mode. */
bool dfu_is_leaving(const struct dfu *d);

/* It comes in one of the modes. */
void dfu_begin(struct dfu *d, bool run_time);

/* The client connects or disconnects: incomplete work is dropped, but for a change of the mode. */
void dfu_interrupt(struct dfu *d);

/* A USB reset: the same, and it may be one that changes the mode. */
void dfu_bus_reset(struct dfu *d);

void dfu_free(struct dfu *d);

#endif
