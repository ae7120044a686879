/*
 * The state that the parts of the backend share: the devices of all contexts, and the lock that
 * guards them. It also has the core wait for connections and timers. Everything here wants the
 * lock, but for functions that take it.
 */
#ifndef CLIENT_LIBUSB_USBIP_STATE_H
#define CLIENT_LIBUSB_USBIP_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <libusbi.h>

#include "usbip_device.h"

/* A kept connection to one server, which is usbip_watch.h's. */
struct usbip_watch {
    int fd;           /* -1: there is none */
    bool paused;      /* nobody waits for it */
    long long opened; /* when the last one was, in ms; 0: never */
    long long due;    /* when the server is to be asked again; 0: when it says something */
    long long since;  /* it has been heard so often since then */
    unsigned heard;
    unsigned failures; /* since it has answered last */
};

/* The data that the core keeps for us beside each of its own. */
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

/* The data that the core keeps for us beside a transfer. */
struct transfer_priv {
    struct usbip_link_urb *urb; /* under way; NULL: done */
    bool cancelled;
    int status;
    size_t actual;
};

struct usbip_state {
    pthread_mutex_t lock;
    struct usbip_config config;
    struct device_priv *devices; /* of all contexts */
    unsigned forks;              /* between this process and the one that began */
};

extern struct usbip_state usbip_state;

static inline struct device_priv *priv_of(struct libusb_device *dev)
{
    return (struct device_priv *)usbi_get_device_priv(dev);
}

/* Sees to it that the addresses of all servers are known, waiting so many ms for all. Without the
 * lock: the name servers may be silent. */
void usbip_state_look_up(int ms);

/* The lock. The core runs no callback of a transfer while it is held. */
void usbip_state_lock(void);
void usbip_state_unlock(void);

/* Has the core wait for a time from now, by a timer that is made when it is needed. */
void usbip_state_arm_timer(struct libusb_context *ctx, int *timer, int ms);

/* Has the core wait for the events that a device's connection waits for. */
void usbip_state_watch(struct device_priv *p);

/* Has it wait for nothing of the device any more. */
void usbip_state_unwatch(struct device_priv *p);

/* Something has been done with a device's connection. Has the core wait for the rest, and complete
 * the done transfers by its next event, in all contexts of the device. */
void usbip_state_settle(struct device_priv *p);

/* The descriptor of a device's connection or timer has something. */
void usbip_state_step(struct device_priv *p);

/* Takes the next transfer that is done, of all devices of a context. One by one: the callback of
 * each may close what the others belong to. NULL when none is left, and ends have been told. Takes
 * the lock. */
struct usbi_transfer *usbip_state_take_next(const struct libusb_context *ctx);

#endif
