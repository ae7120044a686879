#include "net2usb_options.h"

#include "net2usb.h"

int net2usb_take_remote(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    (void)error;
    ((struct net2usb_options *)ctx)->remote = value;
    return 0;
}

int net2usb_take_wait(void *ctx, const char *value, char error[static CLI_ERROR_MAX])
{
    return cli_wait(value, &((struct net2usb_options *)ctx)->wait_ms, error);
}
