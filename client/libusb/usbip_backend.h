/*
 * What the parts of the backend share. Everything here is guarded by `lock`, see usbip_backend.c.
 */
#ifndef CLIENT_LIBUSB_USBIP_BACKEND_H
#define CLIENT_LIBUSB_USBIP_BACKEND_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <libusbi.h>

#include "usbip_device.h"
#include "usbip_watch.h"

/* What the core keeps for us beside each of its own. */
struct context_priv {
    struct usbip_watch watches[USBIP_CONFIG_SERVERS_MAX];
    int timer; /* of these; -1 */
    bool ready, no_discovery;
    unsigned forks; /* when these were made */
};

/* Of a device of one context. Those of one device in several contexts share its import. */
struct device_priv {
    struct usbip_shared *shared;
    struct usbip_device_use *use; /* of `shared` */
    struct libusb_device *dev;    /* NULL: it is not one of ours (yet) */
    struct device_priv *next;     /* of all */
    unsigned opens;               /* of this context */
    int source;                   /* the descriptor that the core waits for; -1 */
    short events;                 /* for these */
    int timer;                    /* of unlinks that are not answered; -1 */
    bool seen;                    /* in the list that is being taken */
    bool made_up;                 /* a program has a descriptor that is made of a list's record */
    long long unreadable;         /* its own cannot be read until then, in ms; 0 */
};

/* Of all contexts: hidapi has one of its own, beside that of the program. */
struct usbip_shared {
    struct usbip_device_use use;
    unsigned users; /* device_privs */
    unsigned opens;
    uint32_t claimed; /* interfaces */
};

struct usbip_backend {
    pthread_mutex_t lock;
    struct usbip_config config;
    struct device_priv *devices; /* of all contexts */
    unsigned forks;              /* between this process and the one that began */
};

extern struct usbip_backend usbip_backend;

static inline struct device_priv *priv_of(struct libusb_device *dev)
{
    return (struct device_priv *)usbi_get_device_priv(dev);
}

/* The core's calls of libusb_ instead of core_, by the names that its compiler is told. */
int core_get_device_descriptor(struct libusb_device *dev, struct libusb_device_descriptor *d);
int core_hotplug_register_callback(struct libusb_context *ctx, int events, int flags, int vendor,
                                   int product, int device_class, libusb_hotplug_callback_fn fn,
                                   void *data, libusb_hotplug_callback_handle *handle);

/* The core's libusb_bulk_transfer, by the name that core_sync.c gives it. */
int core_bulk_transfer(struct libusb_device_handle *h, unsigned char endpoint, unsigned char *data,
                       int length, int *transferred, unsigned int timeout);

/* Sees to it that the addresses of all servers are known, waiting so many ms for all. Without the
 * lock: the name servers may be silent. */
void usbip_backend_look_up(int ms);

/* The lock. The core runs no callback of a transfer while it is held. */
void usbip_backend_take_lock(void);
void usbip_backend_drop_lock(void);

/* Something has been done with a device's connection: has the core wait for the rest, and complete
 * what is done by its next event, in all contexts that have it. */
void usbip_backend_settle(struct device_priv *p);

/* Has the core wait for a time from now, by a timer that is made when it is needed. */
void usbip_backend_arm_timer(struct libusb_context *ctx, int *timer, int ms);

/* Has the core wait for what a device's connection waits for; and for nothing of it any more. */
void usbip_backend_watch(struct device_priv *p);
void usbip_backend_unwatch(struct device_priv *p);

#endif
