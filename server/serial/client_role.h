/*
 * The rights of a client of a port.
 */
#ifndef SERVER_SERIAL_CLIENT_ROLE_H
#define SERVER_SERIAL_CLIENT_ROLE_H

enum client_role {
    CLIENT_OWNER,    /* has the device */
    CLIENT_OBSERVER, /* reads along */
    CLIENT_REFUSED,  /* is told why, and goes */
};

#endif
