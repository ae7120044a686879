/* Fuzzes the life of URBs: operations are chosen by the input, see usb_life.h. */
#include "usb_life.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    usb_life_run(data, len);
    return 0;
}
