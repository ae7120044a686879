# cmake -DURL=... -DFILE=... -P download.cmake: leaves FILE, or FILE.why with the reason.
file(DOWNLOAD ${URL} ${FILE} STATUS status TIMEOUT 60 INACTIVITY_TIMEOUT 10)
list(GET status 0 failed)
if(failed)
    list(GET status 1 reason)
    file(REMOVE ${FILE})
    file(WRITE ${FILE}.why "${reason}")
endif()
